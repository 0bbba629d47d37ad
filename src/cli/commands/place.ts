import { Command } from 'commander'
import { formatBytes, formatDuration } from '../../config/units.ts'
import { EXIT } from '../../errors.ts'
import { checkProbability, deterredCostShare } from '../../job/deterrence.ts'
import type { JobDraft } from '../../job/draft.ts'
import type { DryRunReport } from '../../job/dry-run-report.ts'
import type { JobPrice } from '../../job/price.ts'
import { act, examples } from '../act.ts'
import { formatTokens } from '../amounts.ts'
import type { Context } from '../context.ts'
import { loadDryRun } from '../core.ts'
import { follow } from '../follow.ts'
import { readJobFile } from '../job-file.ts'
import { addSettings } from '../options.ts'
import { toJson } from '../output.ts'
import { renderDiagnostic } from '../render/problem.ts'
import { safe } from '../render/style.ts'
import { withClient } from '../with-client.ts'

export function placeCommand(): Command {
  const command = new Command('place')
    .description('place a Job: send its code and data to the network')
    .argument('<job.json>', 'the Job: docs/JOB_FILE.md names every field; the files it names are relative to it')
    .option('--dry-run', 'check everything, compile, run one block on this machine, say what it would cost; nothing is sent or paid')
    .option('--no-check', 'place it without compiling it and running one block on this machine before')
    .option('--watch', 'stay and show the Job until it ends')
    .action(act(place))
  const network = addSettings(
    examples(command, [
      ['minga place job.json --dry-run', 'does it compile, and what does one block give?'],
      ['minga place job.json -b /ip4/…/p2p/… --watch', 'place it and look on'],
      ['minga place job.json --json | jq -r .jobId', 'for a script'],
    ]),
    'network',
  )
  return addSettings(network, 'chain')
}

interface PlaceOptions {
  dryRun?: boolean
  /** False with `--no-check`. */
  check: boolean
  watch?: boolean
}

async function place(context: Context, path: string, options: PlaceOptions) {
  const draft = await readJobFile(path)
  if (options.dryRun) return dryRun(context, draft)
  if (options.check) await checkHere(context, draft)
  return withClient(context, async (client) => {
    const onProgress = (what: string) => context.live.draw([context.style.dim(what)])
    const onWarning = (line: string) => context.live.print(`${context.style.yellow('warning:')} ${safe(line, 1000)}\n`)
    let price: JobPrice | undefined
    const onPrice = (found: JobPrice & { jobId: string }) => {
      price = found
      tellPrice(context, found)
    }
    const job = await client.place(draft, { signal: context.signal, onProgress, onWarning, onPrice })
    context.live.draw([])
    const placed = { type: 'job:placed', jobId: job.jobId, job, ...(price && { price }) }
    context.output.item(placed, () => `placed ${safe(job.name)}: ${job.jobId}\n${describeCheck(job.shape, price)}`)
    return options.watch ? follow(context, job.jobId, client.watch(job.jobId, { signal: context.signal })) : EXIT.ok
  })
}

/** On stderr, so that whoever pays has read it, the id above all, whatever becomes of this process. */
function tellPrice({ live, output }: Context, { jobId, ...price }: JobPrice & { jobId: string }): void {
  const text = `${describePrice(price)}\njob      ${jobId}: minga cancel takes the price back until its work begins`
  live.print(`${output.isJson ? toJson({ type: 'job:priced', jobId, price }) : text}\n`)
}

function describePrice(price: JobPrice): string {
  const { macroJobs, microJobs, unitPriceWei, validationPriceWei, finisherPriceWei, minBondWei, deadline } = price
  const parts = [
    `${macroJobs * microJobs} MicroJobs at ${formatTokens(unitPriceWei)}`,
    `${macroJobs} validations at ${formatTokens(validationPriceWei)}`,
    `${macroJobs} MacroJobs settled at ${formatTokens(finisherPriceWei)}`,
  ]
  return [
    `price    ${formatTokens(price.totalWei)} tokens into escrow: ${parts.join(', ')}`,
    `bond     ${formatTokens(minBondWei)} tokens of everyone who takes part`,
    `deadline ${new Date(deadline * 1000).toISOString()}; what is not settled by then comes back`,
  ].join('\n')
}

/** The rule of deterrence (docs/PROTOCOL.md, "Commit, root, beacon"); at stake is what a conviction takes of the bond. */
function describeCheck({ blocks }: DryRunReport['shape'], price: JobPrice | undefined): string {
  const percent = (share: number) => (100 * share).toFixed(blocks > 10 ? 1 : 0)
  const probability = checkProbability(1, blocks)
  const lostWei = price?.slashWei ?? 0n
  const worth = percent(deterredCostShare(probability, price === undefined ? 0 : Number(lostWei) / Number(price.unitPriceWei)))
  const stake = price === undefined ? 'Without a stake' : `With ${formatTokens(lostWei)} tokens of a bond to lose`
  return `checked  one block in ${blocks} is computed twice: a MicroJob with one wrong block is caught in ${percent(probability)} % of all draws, with all wrong always. ${stake}, cheating in one block does not pay ${worth === percent(1) ? 'whatever computing costs, up to the fee' : `only where computing costs under ${worth} % of the fee`}`
}

/** What no peer could compute is not placed: the requester hears it from its own machine, where one block tells it. */
async function checkHere(context: Context, draft: JobDraft): Promise<void> {
  const { config, live, style, signal } = context
  if (config.compute.device === 'off') return
  live.draw([style.dim('compiling, and running one block')])
  const logger = await context.logger('warn')
  const run = await loadDryRun()
  try {
    const { diagnostics } = await run(draft, { config, logger, signal })
    for (const found of diagnostics) live.print(`${renderDiagnostic(found, style)}\n`)
  } catch (error) {
    // The core's errors come by a door that is dynamic, so they are told by name here.
    if (!(error instanceof Error && error.name === 'NoAdapterError')) throw error
    logger.warn('placed unchecked: no device answers on this machine', { error })
  }
}

async function dryRun(context: Context, draft: JobDraft) {
  const run = await loadDryRun()
  const report = await run(draft, { config: context.config, logger: await context.logger('warn'), signal: context.signal })
  context.output.result(report, () => describeDryRun(report, context))
  return EXIT.ok
}

const UNCHECKED =
  'nothing was paid; to place it takes a chain (--chain-file), whose escrow may ask for a higher bond or an earlier deadline'

function describeDryRun(
  { shape, price, isPriceChecked, diagnostics, device, data, block }: DryRunReport,
  { output: { style } }: Context,
): string {
  const microJobs = shape.macroJobs * shape.microJobs
  // A validation MicroJob has one block of each of the others.
  const blocks = microJobs * (shape.blocks + 1)
  return [
    ...diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, style)),
    `${style.green('compiles')} on ${safe(device.name)} (${device.kind})`,
    `shape    ${shape.macroJobs} MacroJobs of ${shape.microJobs}+1 MicroJobs of ${shape.blocks} blocks: ${blocks} blocks with those that are checked`,
    ...(data === 'zeros'
      ? [
          `${style.yellow('data     not fetched: zeros stand for it')}; whether somebody has it, and how large it is, shows when the Job is placed`,
        ]
      : []),
    `block ${block.index}  ${formatBytes(block.inputBytes)} in, ${formatBytes(block.outputBytes)} out, ${formatDuration(block.deviceMs)} on the device`,
    `hash     ${block.hash}`,
    `all      about ${formatDuration(block.deviceMs * blocks)} of one such device`,
    ...(price === undefined ? [] : [describePrice(price), isPriceChecked ? 'nothing was paid; the escrow takes it so' : UNCHECKED]),
  ].join('\n')
}
