/**
 * Error names of the protocol and the JSON-RPC numbers they travel under.
 *
 * The reference answers nearly everything with -32600 (protocol.md §2), so programs branch on our name,
 * which rides in `error.data.name`, and the number stays what the reference's clients expect.
 */
export const errorCodes = {
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32600,
  notInitialized: -32600,
  alreadyInitialized: -32600,
  versionMismatch: -32600,
  overloaded: -32001,
  /** A limit of the configuration (`data.limit` is its key); asking again helps when something was let go of. */
  limitReached: -32001,
  draining: -32001,
  threadNotFound: -32600,
  threadStoreFailed: -32603,
  threadArchived: -32600,
  threadBusy: -32600,
  turnNotFound: -32600,
  readStateConflict: -32600,
  noActiveTurn: -32600,
  turnMismatch: -32600,
  turnNotSteerable: -32600,
  goalNotFound: -32600,
  turnRunning: -32600,
  promptNotFound: -32600,
  promptStarted: -32600,
  queueEmpty: -32600,
  queueMismatch: -32600,
  approvalNotFound: -32600,
  approvalResolved: -32600,
  auditFailed: -32603,
  observerOnly: -32600,
  configInvalid: -32600,
  configVersionConflict: -32600,
  configLayerReadonly: -32600,
  invalidArgument: -32602,
  searchUnavailable: -32603,
  unknownServer: -32603,
  mcpServerFailed: -32603,
  pathRefused: -32600,
  tooLarge: -32600,
  fileSystem: -32603,
  commandNotStarted: -32603,
  sandboxUnavailable: -32603,
  providerNotFound: -32600,
  folderMissing: -32600,
  notLoggedIn: -32600,
  loggingOut: -32600,
  loginDisabled: -32600,
  externalAuthActive: -32600,
  deviceCodeDisabled: -32600,
  loginCancelled: -32603,
  loginFailed: -32603,
  refreshFailed: -32603,
  revokeFailed: -32603,
  tokenRevoked: -32603,
  authUnreadable: -32603,
  rateLimitsUnknown: -32603,
  eraseFailed: -32603,
  listenFailed: -32603,
  notSupported: -32601,
  timedOut: -32603,
  connectionClosed: -32603,
  internal: -32603,
} as const;

export type ErrorName = keyof typeof errorCodes;

export function isErrorName(name: unknown): name is ErrorName {
  return typeof name === 'string' && Object.hasOwn(errorCodes, name);
}

/** An error that may cross the wire: programs branch on `errorName`, people read `message`, logs keep the cause. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly errorName: ErrorName;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(
    errorName: ErrorName,
    message: string,
    options: { data?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.errorName = errorName;
    this.data = options.data ?? {};
  }

  get code(): number {
    return errorCodes[this.errorName];
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
