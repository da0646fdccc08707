/** What GitHub reads: it tells of a mistake only once it is too late, or not at all. */
import { parse } from 'yaml';

import { files, read } from '../docs/markdown.mts';

const workflows = files.filter((path) => /^\.github\/workflows\/.*\.ya?ml$/.test(path));
const forms = files.filter((path) =>
  /^\.github\/ISSUE_TEMPLATE\/(?!config\.).*\.ya?ml$/.test(path),
);

/** A name can be moved to other code, a commit cannot. The comment is for whoever reads it, and Dependabot. */
const PINNED = /^\s*(?:- )?uses: [\w.-]+(?:\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;

const unpinned = (yaml: string) =>
  yaml.split('\n').filter((line) => /\buses:/.test(line) && !PINNED.test(line));

interface Workflow {
  permissions: unknown;
  jobs: Record<
    string,
    { 'timeout-minutes': unknown; steps: { uses?: string; with?: Record<string, unknown> }[] }
  >;
}

interface Form {
  name: string;
  description: string;
  body: { type: string; id?: string; attributes: { label?: string }; validations?: object }[];
}

test('There is something to check', () => {
  expect(workflows.length).toBeGreaterThan(2);
  expect(forms.length).toBeGreaterThan(1);
});

test.each(workflows)('%s runs no action that can change without a change here', (path) => {
  expect(unpinned(read(path))).toEqual([]);
});

test.each(['      - uses: a/b@v4', '      - uses: a/b@main # v4.0.0', '      - uses: ./.github/a'])(
  '%s would be found',
  (line) => {
    expect(unpinned(line)).toEqual([line]);
  },
);

test.each(workflows)('%s may only read, keeps no token on disk, and comes to an end', (path) => {
  const { permissions, jobs } = parse(read(path)) as Workflow;
  expect(permissions).toEqual({ contents: 'read' });
  for (const job of Object.values(jobs)) {
    expect(job['timeout-minutes']).toEqual(expect.any(Number));
    const checkouts = job.steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts).toHaveLength(1);
    expect(checkouts[0].with).toEqual({ 'persist-credentials': false });
  }
});

test.each(forms)('%s is a form that GitHub shows', (path) => {
  const { name, description, body } = parse(read(path)) as Form;
  expect({ name, description }).toEqual({
    name: expect.any(String),
    description: expect.any(String),
  });
  const fields = body.filter(({ type }) => type !== 'markdown');
  expect(fields.length).toBeGreaterThan(0);
  expect(fields.filter(({ attributes }) => !attributes.label)).toEqual([]);
  // GitHub refuses a form in which two fields have one ID or one label.
  expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length);
  expect(new Set(fields.map(({ attributes }) => attributes.label)).size).toBe(fields.length);
});
