// Ends the processes that its parent left behind, however the parent ended. It reads the process groups from
// stdin ("+123" started, "-123" ended). Stdin closes when the parent dies, even by SIGKILL, which the parent
// itself cannot handle.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a process may take to end before it is killed. */
const GRACE_MS = 5_000;

const groups = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => undefined); // only the parent's end counts
}

/** @param {number} group @param {NodeJS.Signals | 0} signal @returns {boolean} whether the group exists */
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

// SIGINT, because PostgreSQL reacts to SIGTERM by waiting until every client has disconnected.
const left = [...groups].filter((group) => send(group, 'SIGINT'));
const deadline = Date.now() + GRACE_MS;
while (left.some((group) => send(group, 0)) && Date.now() < deadline) await sleep(100);
for (const group of left) send(group, 'SIGKILL');
