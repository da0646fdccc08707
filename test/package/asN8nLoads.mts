/**
 * Prints, as JSON, what n8n's own loader finds in an installed package. A process of its own, because
 * n8n lends its `n8n-workflow` to the packages it loads through NODE_PATH, which Node reads only once.
 */
import { PackageDirectoryLoader } from 'n8n-core';

const loader = new PackageDirectoryLoader(process.argv[2]);
await loader.loadAll();
console.log(
  JSON.stringify({
    name: loader.packageName,
    nodes: loader.types.nodes,
    credentials: loader.types.credentials,
  }),
);
