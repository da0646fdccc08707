/** A program that starts a sandbox, tells its process ID and is killed before it can stop it. */
import { startSandbox } from '../../../sandbox/client.mts';

const { pid } = await startSandbox();
process.send!(pid);
