/** What people write in place of a file, in words for the shell: the library's own hints are for programs. */
import { makeError } from '../../errors.js';
import { base64Picture } from '../../image-input/format.js';

/** Throws for a picture's argument that is an address or base64 text. `reader` takes a picture on standard input. */
export function checkPicture(image: string, reader: string): void {
  const scheme = /^(https?|ftp|[a-z][a-z0-9+.-]+):\/\//i.exec(image)?.[1]?.toLowerCase();
  if (scheme !== undefined) {
    const isFetched = ['http', 'https', 'ftp'].includes(scheme);
    // The address itself is not repeated in the message: it may hold a secret.
    throw makeError(
      'ERR_IMAGE_NOT_FOUND',
      `the picture is an address (${scheme}:), which is not fetched`,
      {
        name: 'image',
        found: `an address (${scheme}:)`,
        expected: 'a file',
        hint: isFetched ? `curl -sL ADDRESS ${reader}` : 'copy it to a file first, and name that',
      },
    );
  }
  const holds = base64Picture(image);
  if (holds === undefined) return;
  throw makeError('ERR_IMAGE_FORMAT', `the picture is base64 text of ${holds}, expected a file`, {
    name: 'image',
    found: `base64 text of ${holds}`,
    expected: 'a file',
    hint: `base64 -d FILE ${reader}`,
  });
}
