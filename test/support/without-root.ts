/** Rights of root, which may read and write everything, are given up for a while. */

/** Debian's and macOS' nobody has another number, but no user has this one. */
const NOBODY = 65534;

/** What `action` returns, run without the rights of root where the tests have them. Changes the whole process meanwhile. */
export async function withoutRoot<Result>(action: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return action();
  process.seteuid?.(NOBODY);
  try {
    return await action();
  } finally {
    process.seteuid?.(0);
  }
}
