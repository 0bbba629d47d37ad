import { blocks } from './blocks.ts'
import { efficiency } from './efficiency.ts'
import type { FigureDefinition } from './figure.ts'
import { handOver } from './hand-over.ts'
import { microJobs } from './micro-jobs.ts'
import { ownerLost } from './owner-lost.ts'
import { settlement } from './settlement.ts'
import { startUp } from './start-up.ts'
import { sync } from './sync.ts'
import { topicSpam } from './topic-spam.ts'

export const FIGURES: readonly FigureDefinition[] = [
  microJobs,
  handOver,
  efficiency,
  ownerLost,
  blocks,
  sync,
  startUp,
  settlement,
  topicSpam,
]
