import { Transaction } from 'ethers'
import { ESCROW } from '../../../src/chain/escrow-abi.ts'
import { type Behaviour, honest, type Request, reply } from '../../chain/support/proxy.ts'
import type { PaidPeer } from './support.ts'

/** The name of the escrow's function that this request sends a transaction to; undefined for any other. */
function sentCall({ method, params }: Request): string | undefined {
  if (method !== 'eth_sendRawTransaction') return undefined
  return ESCROW.getFunction(Transaction.from(params[0] as string).data.slice(0, 10))?.name
}

/** Between these peers and their chain: what happens to the first transaction that settles. Resolves with its sender, after `behaviour`. */
export function atSettlement<P extends PaidPeer>(peers: readonly P[], behaviour: Behaviour): Promise<P> {
  return atCall(peers, 'settle', behaviour)
}

/** The same for the first transaction that calls `name`. */
function atCall<P extends PaidPeer>(peers: readonly P[], name: EscrowCall, behaviour: Behaviour): Promise<P> {
  let begun = false
  const { promise, resolve, reject } = Promise.withResolvers<P>()
  const each = peers.flatMap((peer) => peer.endpoints.map((endpoint) => ({ peer, endpoint })))
  for (const { peer, endpoint } of each) {
    endpoint.behave(async (request, response, pass) => {
      if (begun || sentCall(request) !== name) return honest(request, response, pass)
      begun = true
      try {
        await behaviour(request, response, pass)
        resolve(peer)
      } catch (error) {
        reject(error)
        throw error
      }
    })
  }
  return promise
}

/** The name of the escrow's function that this request tries out or sends; undefined for any other. */
function triedCall({ method, params }: Request): string | undefined {
  if (method !== 'eth_estimateGas') return undefined
  const { data, input } = params[0] as { data?: string; input?: string }
  return ESCROW.getFunction((data ?? input ?? '').slice(0, 10))?.name
}

/** The endpoints of these peers refuse each conviction before it is sent, as an escrow does that lacks something yet; `mend` ends it. */
export function refuseConvictions(peers: readonly PaidPeer[]): void {
  for (const endpoint of peers.flatMap(({ endpoints }) => endpoints)) {
    endpoint.behave((request, response, pass) => {
      if (!triedCall(request)?.startsWith('convict')) return honest(request, response, pass)
      reply(response, { id: request.id, error: { code: 3, message: 'execution reverted' } })
    })
  }
}

/** What a Job's peers send, in this order. */
type EscrowCall = 'commitRoot' | 'pinBeacon' | 'settle'

export const dark: Behaviour = (_, response) => response.destroy()

/**
 * No peer reaches the chain any more: `before` the first transaction that calls `name`, `during` it (it arrives, its answer does not), or `after`. Resolves when
 * all have noticed; `mend` ends it.
 */
export async function cutAt(name: EscrowCall, peers: readonly PaidPeer[], moment: 'before' | 'during' | 'after'): Promise<void> {
  let noticed: Promise<unknown> = Promise.resolve()
  await atCall(peers, name, async ({ id }, response, pass) => {
    noticed = Promise.all(peers.map((peer) => peer.line(({ msg }) => msg === 'an RPC endpoint fails', { onlyNew: true })))
    for (const endpoint of peers.flatMap(({ endpoints }) => endpoints)) endpoint.behave(dark)
    const answer = moment === 'before' ? undefined : await pass()
    if (answer !== undefined && moment === 'after') reply(response, { id, ...answer })
    else response.destroy()
  })
  await noticed
}

/** From the first `commitRoot` on the first endpoint of each peer does what `behaviourOf` makes for it. */
export async function fromRootOn(peers: readonly PaidPeer[], behaviourOf: (peer: PaidPeer) => Behaviour): Promise<void> {
  await atCall(peers, 'commitRoot', (request, response, pass) => {
    for (const peer of peers) peer.endpoints[0]?.behave(behaviourOf(peer))
    return honest(request, response, pass)
  })
}

/** All peers reach the chain again, and nothing happens to what they say. */
export function mend(peers: readonly PaidPeer[]): void {
  for (const endpoint of peers.flatMap(({ endpoints }) => endpoints)) endpoint.behave(honest)
}
