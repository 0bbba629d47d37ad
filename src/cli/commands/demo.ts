import { Command, InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../../config/units.ts'
import { act, examples } from '../act.ts'
import { loadDemo } from '../core.ts'

/** Each peer is a process with a compute child of its own; more than this only slow each other down on one machine. */
const MAX_PEERS = 16

export function demoCommand(): Command {
  const command = new Command('demo')
    .description(
      'show a whole network on this machine: a chain, a bootstrap node, three peers, one real Job, its picture and the money checked',
    )
    .option(
      '--chaos',
      'kill the owner of a queue with SIGKILL when half of the Job is computed, and later the peer that would settle',
      false,
    )
    .option('--cheat', 'one more peer, which computes everything wrong; with --chaos also one more that does not', false)
    .option('--unpaid', 'without a chain and without money', false)
    .option('--peers <n>', 'peers to start', peerCount, 3)
    .option('--small', 'a picture of 1024 × 512 pixels instead of 4096 × 2048', false)
    .option('-o, --out <dir>', 'the directory for the pictures', 'out/demo')
    .addOption(new Option('--limit <time>', 'the longest that it may take').argParser(limit).default(180_000, '3min'))
    .option('--keep', 'leave the data directories and logs of all processes where they are', false)
    .action(
      act(async (context, { limit: limitMs, ...options }: Omit<Options, 'limitMs'> & { limit: number }) =>
        (await loadDemo())({ ...options, limitMs }, context),
      ),
    )
  return examples(command, [
    ['minga demo', 'a chain, a bootstrap node, three peers: 55 MicroJobs, 8 million pixels, 60 tokens'],
    ['minga demo --chaos', 'the same; the owner of a queue dies half-way, and later the peer that would settle'],
    ['minga demo --cheat', 'the same, and one more peer that cheats: caught, not paid, and cut'],
    ['minga demo --small --json', 'quick, for a script; the last line says what came of it'],
  ])
}

type Options = Parameters<Awaited<ReturnType<typeof loadDemo>>>[0]

function peerCount(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= MAX_PEERS) return count
  throw new InvalidArgumentError(`expected a whole number from 1 to ${MAX_PEERS}`)
}

function limit(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new InvalidArgumentError('expected a time such as 90s or 5min')
}
