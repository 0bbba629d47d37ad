import { rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { formatBytes } from '../../config/units.ts'
import { makeDirectory } from '../../directories-node.ts'
import { act, examples } from '../act.ts'
import type { Context } from '../context.ts'
import { ResultsUnwritableError, UnsafeFileNameError } from '../errors.ts'
import { jobIdArgument } from '../job-id.ts'
import { addSettings } from '../options.ts'
import type { ResultFile } from '../ports.ts'
import { safe } from '../render/style.ts'
import { withReader } from '../with-client.ts'

export function resultsCommand(): Command {
  const command = new Command('results')
    .description('fetch the agreed result of a Job, checked byte by byte, and the signed report')
    .addArgument(jobIdArgument())
    .requiredOption('-o, --out <dir>', 'the directory to write to; made where it is missing')
    .action(act(results))
  examples(command, [
    ['minga results <jobId> -o out/', 'pictures as PNG, everything else as it is'],
    ['minga results <jobId> -o out/ --chain-file devnet.json', 'of a paid Job: what is agreed stands on its chain'],
  ])
  return addSettings(addSettings(command, 'network'), 'chain')
}

async function results(context: Context, jobId: string, { out }: { out: string }): Promise<undefined> {
  const directory = resolve(out)
  await makeDirectory(directory).catch((error: unknown) => {
    throw new ResultsUnwritableError(directory, error)
  })
  await withReader(context, async (client) => {
    const onProgress = (done: number, total: number | undefined) =>
      context.live.draw([`${formatBytes(done)}${total === undefined ? '' : ` of ${formatBytes(total)}`}`])
    const onWarning = (line: string) => context.live.print(`${context.style.yellow('warning:')} ${safe(line, 1000)}\n`)
    for await (const file of client.results(jobId, { signal: context.signal, onProgress, onWarning })) {
      const { path, bytes } = await writeResult(directory, file)
      context.live.draw([])
      context.output.item({ path, bytes }, () => `${path}  ${formatBytes(bytes)}`)
    }
  })
}

/** Names come from strangers: only a plain one in the directory itself is written, and nothing shows under its name half written. */
export async function writeResult(directory: string, { name, bytes, picture }: ResultFile): Promise<{ path: string; bytes: number }> {
  if (!/^(?!\.)[\w. -]{1,120}$/.test(name)) throw new UnsafeFileNameError(name)
  const content = picture === undefined ? bytes : (await import('../../pictures/encode.ts')).encodePng({ ...picture, rgba: bytes })
  const path = join(directory, name)
  try {
    await writeFile(`${path}.part`, content)
    await rename(`${path}.part`, path)
  } catch (error) {
    await rm(`${path}.part`, { force: true }).catch(() => {})
    throw new ResultsUnwritableError(path, error)
  }
  return { path, bytes: content.byteLength }
}
