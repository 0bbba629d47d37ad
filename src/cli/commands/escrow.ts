import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { NotCancellableError } from '../../job/errors.ts'
import { isJobId } from '../../job/ids.ts'
import type { Abortable, Chain, EscrowAttempt, EscrowJob } from '../../ports.ts'
import { act, examples } from '../act.ts'
import { parseAddress } from '../addresses.ts'
import { formatTokens } from '../amounts.ts'
import type { Context } from '../context.ts'
import { EscrowMissingError, NotRefundableError } from '../errors.ts'
import { addSettingOf, addSettings } from '../options.ts'
import { renderTable } from '../render/table.ts'
import { withChain } from '../with-chain.ts'

/** As a table; nobody reads more lines. A script gets all of them. */
const MAX_ROWS = 1_000
/** Chunks that are asked about together, as many as a peer's first look at a Job (roles/escrow-chunks.ts). */
const AT_ONCE = 8

export function escrowCommand(): Command {
  const command = new Command('escrow')
    .description('show what the chain holds of a Job: funds, roots, beacons, what is settled, deadline; or have its price back')
    .addArgument(new Argument('<jobId>', 'the Job’s id, 62 digits, or its id in the escrow, as a decimal number').argParser(jobId))
    .option('--requester <address>', 'the wallet that opened the escrow (default: this machine’s client’s)', parseAddress)
    .addOption(
      new Option('--cancel', 'take its price back, as credit of the wallet that opened it; before its work has begun').conflicts('refund'),
    )
    .option('--refund', 'give back what it has not paid by its deadline; anybody may')
    .action(act(escrow))
  examples(command, [
    ['minga escrow 3f9a… --chain-file devnet.json', 'a Job that was placed from here'],
    ['minga escrow 3f9a… --requester 0x12… --json', 'another’s, for a script'],
    ['minga escrow 3f9a… --cancel', 'a Job that its peers have forgotten, or that was never placed'],
  ])
  return addSettings(addSettingOf(command, 'walletKeyFile'), 'chain')
}

interface ChunkView {
  chunk: number
  /** MacroJobs of the chunk, and those that are settled. */
  macroJobs: number
  settled: number[]
  attempts: (EscrowAttempt & { attempt: number })[]
}

interface EscrowOptions {
  requester?: string
  cancel?: boolean
  refund?: boolean
}

async function escrow(context: Context, id: string | bigint, { requester, ...wanted }: EscrowOptions): Promise<undefined> {
  const options = { signal: context.signal }
  const view = await withChain(context, { client: true }, async (chain) => {
    const escrowId = typeof id === 'bigint' ? id : chain.escrowIdOf(requester ?? chain.wallet, id)
    const read = async () => {
      const job = await chain.job(escrowId, options)
      if (job === undefined) throw new EscrowMissingError(String(id), requester ?? chain.wallet)
      return job
    }
    if (wanted.cancel) await cancel(chain, await read(), String(id), options)
    if (wanted.refund) await refund(chain, await read(), String(id), options)
    const job = await read()
    const most = context.config.json ? Number.POSITIVE_INFINITY : MAX_ROWS
    return { ...job, chunks: await chunksOf(chain, job, most, options) }
  })
  context.output.result(view, () => describe(view, context))
}

async function cancel(chain: Chain, job: EscrowJob, id: string, options: Abortable): Promise<void> {
  if (job.state !== 'open') throw new NotCancellableError(id, job)
  await chain.cancel(job.escrowId, options)
}

async function refund(chain: Chain, job: EscrowJob, id: string, options: Abortable): Promise<void> {
  const isHeld = job.state === 'open' || job.state === 'working'
  const { timestamp } = await chain.head(options)
  if (!isHeld || timestamp <= job.deadline) throw new NotRefundableError(id, job)
  await chain.refund(job.escrowId, options)
}

/** Those from the first on, `most` of them. */
async function chunksOf(chain: Chain, job: EscrowJob, most: number, options: Abortable): Promise<ChunkView[]> {
  const chunks = Math.min(chunkCountOf(job), most)
  const views: ChunkView[] = []
  for (let first = 0; first < chunks; first += AT_ONCE) {
    const together = Array.from({ length: Math.min(AT_ONCE, chunks - first) }, (_, index) => chunkOf(chain, job, first + index, options))
    views.push(...(await Promise.all(together)))
  }
  return views
}

const chunkCountOf = ({ macroJobs, chunkMacroJobs }: EscrowJob) => Math.ceil(macroJobs / chunkMacroJobs)

async function chunkOf(
  chain: Chain,
  { escrowId, macroJobs, chunkMacroJobs }: EscrowJob,
  chunk: number,
  options: Abortable,
): Promise<ChunkView> {
  const bitmap = await chain.settled(escrowId, chunk, options)
  const next = await chain.nextAttempt(escrowId, chunk, options)
  const found = await Promise.all(Array.from({ length: next }, (_, attempt) => chain.attempt({ escrowId, chunk, attempt }, options)))
  return {
    chunk,
    macroJobs: Math.min(chunkMacroJobs, macroJobs - chunk * chunkMacroJobs),
    settled: Array.from({ length: chunkMacroJobs }, (_, bit) => bit).filter((bit) => (bitmap >> BigInt(bit)) & 1n),
    attempts: found.flatMap((state, attempt) => (state === undefined ? [] : [{ attempt, ...state }])),
  }
}

function describe(view: EscrowJob & { chunks: readonly ChunkView[] }, { output: { style } }: Context): string {
  const columns = [
    { title: 'CHUNK', align: 'right' },
    { title: 'SETTLED', align: 'right' },
    { title: 'ATTEMPT', align: 'right' },
    { title: 'ROOT' },
    { title: 'BEACON' },
  ] as const
  const rows = view.chunks.map(({ chunk, macroJobs, settled, attempts }) => {
    const last = attempts.at(-1)
    const root = last === undefined ? '–' : `${last.root.toString(16).padStart(64, '0').slice(0, 16)}… in block ${last.commitBlock}`
    const beacon = last?.beacon === undefined ? '–' : `${last.beacon.toString(16).padStart(52, '0').slice(0, 16)}…`
    return [String(chunk), `${settled.length}/${macroJobs}`, last === undefined ? '–' : String(last.attempt), root, beacon]
  })
  const hidden = chunkCountOf(view) - view.chunks.length
  return [
    `${style.bold(view.state)} in escrow ${view.escrowId}`,
    `requester  ${view.requester}`,
    `held       ${formatTokens(view.heldWei)} tokens`,
    `pays       ${formatTokens(view.unitPriceWei)} a MicroJob, ${formatTokens(view.validationPriceWei)} a validation, ${formatTokens(view.finisherPriceWei)} a settled MacroJob`,
    `bond       ${formatTokens(view.minBondWei)} tokens of everyone who takes part`,
    `deadline   ${new Date(view.deadline * 1000).toISOString()}`,
    '',
    renderTable(columns, rows, style),
    ...(hidden === 0 ? [] : [`… and ${hidden} chunks more; --json shows them all`]),
  ].join('\n')
}

function jobId(text: string): string | bigint {
  if (isJobId(text)) return text
  if (/^\d{1,77}$/.test(text)) return BigInt(text)
  throw new InvalidArgumentError('expected a Job’s id of 62 hexadecimal digits, or an escrow’s decimal number')
}
