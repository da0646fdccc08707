const { existsSync, readdirSync } = require('node:fs');
const { rm } = require('node:fs/promises');
const { join, relative } = require('node:path');
const { dest, series, src } = require('gulp');

/** Copies what `tsc` leaves behind into dist: icons, codex files and output schemas. */
function assets() {
  return src(['nodes/**/*.{svg,json}', 'credentials/**/*.svg'], {
    base: '.',
    encoding: false,
  }).pipe(dest('dist'));
}

/**
 * Takes out of dist what has no source (any more), so that it is not published. Emptying dist before
 * each build would do that too, but would break whatever runs from it at that moment.
 */
async function withoutStrays() {
  const files = readdirSync('dist', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative('dist', join(parentPath, name)));
  const strays = files.filter((file) => !existsSync(file.replace(/\.js$/, '.ts')));
  await Promise.all(strays.map((file) => rm(join('dist', file))));
}

exports.default = series(withoutStrays, assets);
