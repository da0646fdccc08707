/** Something the user can put right. Its message is all that is shown. */
export class ProbeError extends Error {}
