import type { FunctionFragment, Interface, Result } from 'ethers'
import type { Abortable } from '../ports.ts'
import { hex } from './rpc/fields.ts'
import type { Rpc } from './rpc/rpc.ts'

/** A contract to be read from. */
export interface ReadableContract {
  readonly address: string
  readonly abi: Interface
  /** The call's results, on which the RPC endpoints agree. Throws what `rpc.agree` throws, RpcFailedError where the answer is no such result. */
  read(name: string, args: readonly unknown[], options?: Abortable): Promise<Result>
}

export function createContract(rpc: Rpc, address: string, abi: Interface): ReadableContract {
  return {
    address,
    abi,
    read(name, args, options = {}) {
      const fragment = abi.getFunction(name) as FunctionFragment
      const request = { to: address, data: abi.encodeFunctionData(fragment, args) }
      // Decoded where it is judged: an endpoint that answers with too few bytes is at fault like one that answers with none.
      const parse = (answer: unknown) => abi.decodeFunctionResult(fragment, hex(answer))
      return rpc.agree('eth_call', [request, 'latest'], parse, options)
    },
  }
}
