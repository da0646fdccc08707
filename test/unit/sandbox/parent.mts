/**
 * A program that starts a sandbox with the options given as JSON, and tells its process ID or why it
 * did not start. It never stops it.
 */
import { startSandbox } from '../../../sandbox/client.mts';

try {
  const { pid } = await startSandbox(JSON.parse(process.argv[2]));
  process.send!(pid);
} catch (error) {
  process.send!((error as Error).message);
}
