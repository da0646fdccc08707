const { dest, src } = require('gulp');

/** Copies what `tsc` leaves behind into dist: icons, codex files and output schemas. */
function assets() {
  return src(['nodes/**/*.{svg,json}', 'credentials/**/*.svg'], { base: '.', encoding: false }).pipe(
    dest('dist'),
  );
}

exports.default = assets;
