/** A problem that the user can fix. Only its message is shown. */
export class ProbeError extends Error {}
