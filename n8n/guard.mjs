// Ends the processes that its starter left behind, however the starter ended: the list of process
// groups comes over stdin ("+123" started, "-123" ended), and stdin closes when the starter dies,
// even by SIGKILL, which no handler in the starter itself could answer.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a process may take to end by itself before it is killed. */
const GRACE_MS = 5_000;

const groups = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => undefined); // the starter's end is what counts
}

/** @param {number} group @param {NodeJS.Signals | 0} signal @returns {boolean} whether the group is there */
function send(group, signal) {
  try {
    return process.kill(process.platform === 'win32' ? group : -group, signal);
  } catch {
    return false;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line.startsWith('+')) groups.add(Number(line.slice(1)));
  else groups.delete(Number(line.slice(1)));
}

// SIGINT, because PostgreSQL takes SIGTERM as "wait until every client has gone".
const left = [...groups].filter((group) => send(group, 'SIGINT'));
const deadline = Date.now() + GRACE_MS;
while (left.some((group) => send(group, 0)) && Date.now() < deadline) await sleep(100);
for (const group of left) send(group, 'SIGKILL');
