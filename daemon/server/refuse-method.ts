import { RpcError } from '../../machines/core/errors.ts';
import { vendorMethods } from '../../machines/protocol/vendor-methods.ts';

/** The error for a method that is not answered here: one that we know of and leave out, or one that nobody knows. */
export function refuseMethod(method: string): RpcError {
  return vendorMethods.has(method)
    ? new RpcError('notSupported', `${method} is not supported by this daemon`)
    : new RpcError('methodNotFound', `Invalid request: unknown variant \`${method}\``);
}
