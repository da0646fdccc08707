import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Chromium: the one that CHROMIUM_PATH names, or the first in the PATH; nothing where there is none. */
export function chromiumPath(): string | undefined {
  const { CHROMIUM_PATH, PATH = '' } = process.env;
  const places = CHROMIUM_PATH
    ? [CHROMIUM_PATH]
    : PATH.split(delimiter).map((folder) => join(folder, 'chromium'));
  return places.find((place) => existsSync(place));
}
