/** Plots of the bench's results, as SVG for a light and a dark page. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as echarts from 'echarts';

import { headings, section, table } from '../unit/docs/markdown.mts';

const SIZE = { width: 720, height: 400 };
const FONT = 'system-ui, sans-serif';

const THEMES = {
  light: {
    text: '#1f2328',
    lines: '#d1d9e0',
    colors: ['#0969da', '#9a6700', '#8250df', '#57606a'],
  },
  dark: { text: '#f0f6fc', lines: '#3d444d', colors: ['#4493f8', '#d29922', '#ab7df8', '#9198a1'] },
};

/** One plot. Colors and sizes come from the page that it is for. */
type Plot = (results: string) => echarts.EChartsOption;

const PLOTS: Record<string, Plot> = {
  'requests-per-video': (results) => {
    const points = headings(results).flatMap((heading) => {
      const [, count] = /^Waiting for (\d+) videos?$/.exec(heading) ?? [];
      if (!count) return [];
      return rowsOf(results, heading).map((row) => ({
        way: row[''],
        point: [Number(count), numberIn(row['requests per video, submission left out'])],
      }));
    });
    return {
      title: { text: 'Requests per video, until it is finished' },
      xAxis: { type: 'log', name: 'videos' },
      yAxis: { type: 'log', name: 'requests per video' },
      series: lines(points),
    };
  },

  'memory-while-waiting': (results) => {
    const rows = rowsOf(results, 'Executions that wait on the real n8n');
    const points = rows.map((row) => ({
      way: row[''],
      point: [numberIn(row.executions), numberIn(row['memory (MB)'])],
    }));
    return {
      title: { text: 'Memory of n8n while executions wait' },
      xAxis: { type: 'value', name: 'executions' },
      yAxis: { type: 'value', name: 'MB' },
      series: lines(points),
    };
  },

  'paid-twice': (results) => {
    const heading = headings(results).find((one) => one.startsWith('500 rows, '))!;
    const rows = rowsOf(results, heading).reverse();
    return {
      title: { text: 'Paid twice: 500 rows while requests fail' },
      legend: { show: false },
      grid: { left: 390, right: 70, top: 60, bottom: 40 },
      xAxis: { type: 'value', name: 'videos' },
      yAxis: { type: 'category', data: rows.map((row) => row['']), axisLabel: { width: 290 } },
      series: [
        {
          type: 'bar',
          silent: true,
          data: rows.map((row) => numberIn(row.doubled)),
          label: { show: true, position: 'right' },
        },
      ],
    };
  },
};

/**
 * Draws every plot into a folder.
 *
 * @param results as Markdown, so that a plot shows what people read there and nothing else
 */
export function drawFigures(results: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [file, svg] of figures(results)) writeFileSync(join(folder, file), svg);
}

/** Every plot by the name of its file. */
export function figures(results: string): Map<string, string> {
  return new Map(
    Object.entries(PLOTS).flatMap(([name, plot]) =>
      (['light', 'dark'] as const).map((page): [string, string] => [
        `${name}-${page}.svg`,
        `${svgOf(plot(results), page)}\n`,
      ]),
    ),
  );
}

function svgOf(plot: echarts.EChartsOption, page: keyof typeof THEMES): string {
  const { text, lines, colors } = THEMES[page];
  const axis = {
    nameTextStyle: { color: text },
    axisLabel: { color: text, overflow: 'break', lineHeight: 14 },
    axisLine: { lineStyle: { color: lines } },
    splitLine: { lineStyle: { color: lines } },
    minorSplitLine: { show: false },
  };
  const base = {
    valueAxis: axis,
    logAxis: axis,
    categoryAxis: axis,
    title: { textStyle: { color: text, fontSize: 16 } },
    legend: { textStyle: { color: text } },
    bar: { label: { color: text } },
    line: { symbolSize: 7, lineStyle: { width: 2.5 } },
    textStyle: { fontFamily: FONT },
    color: colors,
  };
  const chart = echarts.init(null, base, { renderer: 'svg', ssr: true, ...SIZE });
  try {
    chart.setOption({
      animation: false,
      legend: { bottom: 0, left: 60, orient: 'vertical' },
      grid: { left: 70, right: 90, top: 70, bottom: 110 },
      ...plot,
    });
    // What echarts adds for a pointer, and the numbers that it counts in a process.
    const svg = chart.renderToSVGString().replace(/ class="[^"]*"|<style[^]*?<\/style>/g, '');
    return svg.replace(/zr\d+-/g, '');
  } finally {
    chart.dispose();
  }
}

function lines(points: { way: string; point: number[] }[]): echarts.SeriesOption[] {
  const ways = [...new Set(points.map(({ way }) => way))];
  return ways.map((name) => ({
    type: 'line',
    name,
    silent: true,
    data: points.filter(({ way }) => way === name).map(({ point }) => point),
  }));
}

const rowsOf = (results: string, heading: string) => table(section(results, heading), '');

/** The median of a cell: what stands before the smallest and the largest. */
const numberIn = (cell: string) => Number.parseFloat(cell);
