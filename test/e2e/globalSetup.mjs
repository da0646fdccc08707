import { tsImport } from 'tsx/esm/api';

/** A missing n8n is installed here, once: no test's time limit holds for that. */
export default async function globalSetup() {
  const { ensureN8n } = await tsImport('../../n8n/install.mts', import.meta.url);
  await ensureN8n();
}
