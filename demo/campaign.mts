import { parse } from 'csv-parse/sync';

import { DemoError } from './demoError.mts';

/** One row of the campaign: one video. All values are text, as in the file. */
export interface Row {
  /** From 1, not counting the header */
  number: number;
  /** Names the row in the table and in file names */
  title: string;
  language: string;
  duration: string;
  /** The text that the avatar speaks. If it is empty, AI writes it from `prompt` */
  script: string;
  prompt: string;
}

const COLUMNS = ['title', 'language', 'duration', 'script', 'prompt'] as const;

/**
 * The rows of a campaign. Their values are not checked here, because the node does that.
 *
 * @param csv with a header, separated by commas or semicolons
 * @throws {DemoError} if it is not valid CSV, lacks a column, or has no rows
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

/** Whether AI writes the text of this row. */
export function isForAi({ script, prompt }: Row): boolean {
  return script === '' && prompt !== '';
}
