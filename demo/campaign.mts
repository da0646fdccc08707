import { parse } from 'csv-parse/sync';

import { DemoError } from './demoError.mts';

/** One row of the campaign: one video. Everything is text, as it stands in the file. */
export interface Row {
  /** From 1, as a spreadsheet without its header counts them */
  number: number;
  /** What the row is called in the table and in file names */
  title: string;
  language: string;
  duration: string;
  /** What the avatar speaks, word for word. Where it is empty, AI writes the words from `prompt` */
  script: string;
  prompt: string;
}

const COLUMNS = ['title', 'language', 'duration', 'script', 'prompt'] as const;

/**
 * The rows of a campaign. Their values are not checked here: that is what the node does.
 *
 * @param csv text with a header, separated by commas or semicolons
 * @throws {DemoError} when it is no table, lacks a column, or has no rows
 */
export function readCampaign(csv: string): Row[] {
  const records = recordsOf(csv);
  if (records.length === 0) throw new DemoError('The campaign has no rows.');
  const missing = COLUMNS.filter((column) => !(column in records[0]));
  if (missing.length > 0) {
    throw new DemoError(
      `The campaign lacks ${missing.length === 1 ? 'the column' : 'the columns'} ${missing.join(', ')}. ` +
        `Its first line names the columns: ${COLUMNS.join(', ')}.`,
    );
  }
  return records.map(({ title, language, duration, script, prompt }, index) => {
    const number = index + 1;
    return { number, title: title || `Row ${number}`, language, duration, script, prompt };
  });
}

function recordsOf(csv: string): Record<string, string>[] {
  try {
    return parse(csv, {
      bom: true,
      columns: (header: string[]) => header.map((name) => name.trim().toLowerCase()),
      delimiter: [',', ';'],
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      trim: true,
    });
  } catch (error) {
    throw new DemoError(`The campaign cannot be read as a CSV file: ${(error as Error).message}`);
  }
}

/** Whether AI writes the words of this row. */
export function isForAi({ script, prompt }: Row): boolean {
  return script === '' && prompt !== '';
}
