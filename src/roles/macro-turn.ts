import type { JobInfo } from '../job/info.ts'
import { type ChosenMacroJob, chooseMacroJob } from '../job/macro-choice.ts'
import type { Clock, PeerId } from '../ports.ts'
import type { JobSession } from './job-session.ts'
import type { MacroActivity } from './macro-activity.ts'

/** The seed's eleven: ten processors of a MacroJob and the one that validates. */
const MAX_PROCESSORS = 10
/** How long each peer of an earlier rank has to say that it opens a MacroJob: a message across a continent. */
const TURN_MS = 150
const MAX_TURNS = 4

export interface MacroTurnComponents {
  self: PeerId
  clock: Clock
  activity: MacroActivity
  /** Peers that answer now, this one among them. */
  alive(): Set<PeerId>
}

/** Which MacroJob is this peer's to open or to join, and when. */
export interface MacroTurn {
  /** The MacroJob to work on next, of all but `except`; undefined where none is open for this peer now. */
  choose(except?: number): ChosenMacroJob | undefined
  /** Lets those with the first word open the MacroJob: false where one of them did, or `stop` was aborted meanwhile. */
  comes(choice: ChosenMacroJob, stop: AbortSignal): Promise<boolean>
}

export function createMacroTurn(
  { self, clock, activity, alive }: MacroTurnComponents,
  { view }: Pick<JobSession, 'view'>,
  info: JobInfo,
): MacroTurn {
  return {
    choose(except) {
      const now = { self, alive: alive(), active: activity.active(), maxProcessors: MAX_PROCESSORS }
      return chooseMacroJob(view, info, { ...now, ...(except !== undefined && { except }) })
    },
    // Two that begin at once leave no third to judge them.
    async comes({ macro, rank }, stop) {
      if (rank === 0 || activity.active().has(macro)) return true
      await clock.sleep(Math.min(rank, MAX_TURNS) * TURN_MS, { signal: stop }).catch(() => {})
      return !stop.aborted && !activity.active().has(macro)
    },
  }
}
