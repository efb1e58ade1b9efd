/** Comparison of types, which the compiler makes. */

/** `true` when both types are the same. */
export type Same<A, B> =
  (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
