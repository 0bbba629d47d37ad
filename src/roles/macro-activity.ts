import type { Channel, PeerId } from '../ports.ts'
import type { JobMessage } from '../protocol/messages.ts'

/** Which MacroJobs of a Job have a queue, and with how many processors: it lives in the Job's channel alone (seeds/001 "MacroJob Processing" 1). */
export interface MacroActivity {
  /** The other processors by MacroJob, as far as known. */
  active(): Map<number, PeerId[]>
  /** The other processors of a MacroJob, as far as known. */
  processors(macro: number): PeerId[]
  /** Tells the channel that this peer opens or joins the MacroJob. */
  enter(macro: number): Promise<void>
  leave(macro: number): Promise<void>
  ask(): Promise<void>
}

/** MacroJobs that one peer may claim to work on at once; honest peers work on one. */
const MAX_PER_PEER = 16

export function createMacroActivity(channel: Channel<JobMessage>): MacroActivity {
  const byPeer = new Map<PeerId, Set<number>>()
  const own = new Set<number>()
  const of = (peer: PeerId) => {
    const macros = byPeer.get(peer) ?? new Set<number>()
    byPeer.set(peer, macros)
    return macros
  }
  const learn = (peer: PeerId, macro: number) => {
    const macros = of(peer)
    if (macros.size < MAX_PER_PEER) macros.add(macro)
  }

  channel.onPeer((peer, change) => change === 'left' && byPeer.delete(peer))
  channel.subscribe((message, from) => {
    if (message.type === 'macro-job-opened') learn(from, message.macro)
    if (message.type === 'macro-job-left') byPeer.get(from)?.delete(message.macro)
    if (message.type === 'open-macro-jobs-reply') {
      byPeer.delete(from)
      for (const { macro } of message.macros.slice(0, MAX_PER_PEER)) learn(from, macro)
    }
    if (message.type === 'open-macro-jobs-query' && own.size > 0) {
      const macros = [...own].map((macro) => ({ macro, members: processors(macro).length + 1 }))
      channel.publish({ type: 'open-macro-jobs-reply', macros }).catch(() => {})
    }
  })

  const processors = (macro: number) => [...byPeer].filter(([, macros]) => macros.has(macro)).map(([peer]) => peer)

  return {
    active() {
      const macros = new Set([...byPeer.values()].flatMap((of) => [...of]))
      return new Map([...macros].map((macro) => [macro, processors(macro)]))
    },
    processors,
    enter(macro) {
      own.add(macro)
      return channel.publish({ type: 'macro-job-opened', macro })
    },
    leave(macro) {
      own.delete(macro)
      return channel.publish({ type: 'macro-job-left', macro })
    },
    ask: () => channel.publish({ type: 'open-macro-jobs-query' }),
  }
}
