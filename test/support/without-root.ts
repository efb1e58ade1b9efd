/** Rights of root, which may read and write everything, are given up for a while. */

/** Not the user `nobody`, whose id differs between Debian and macOS; no user has this id. */
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
