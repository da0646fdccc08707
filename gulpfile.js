const { existsSync, readdirSync } = require('node:fs');
const { readFile, rm, writeFile } = require('node:fs/promises');
const { join, relative } = require('node:path');
const { dest, parallel, series, src } = require('gulp');

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
  const strays = filesInDist().filter((file) => !existsSync(file.replace(/\.js$/, '.ts')));
  await Promise.all(strays.map((file) => rm(join('dist', file))));
}

/** A twelfth of what tsc writes is indentation. */
async function indentedWithTabs() {
  const { format } = await import('oxfmt');
  const scripts = filesInDist().filter((file) => file.endsWith('.js'));
  for (const file of scripts.map((name) => join('dist', name))) {
    const text = await readFile(file, 'utf8');
    const { code } = await format(file, text, {
      useTabs: true,
      printWidth: 120,
      singleQuote: true,
    });
    await writeFile(file, code);
  }
}

function filesInDist() {
  return readdirSync('dist', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative('dist', join(parentPath, name)));
}

exports.default = series(withoutStrays, parallel(assets, indentedWithTabs));
