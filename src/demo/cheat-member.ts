import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { parseArgs } from 'node:util'
import { namedSettings } from '../config/settings.ts'
import { parseConfig } from '../config.ts'
import { launch } from '../launcher.ts'
import type { BlockResult, Compute } from '../ports.ts'

/*
 * The cheat of `minga demo --cheat`, and of nothing else: a peer in every respect but that it changes one bit of each block that it computes, as
 * a worker and as a judge of others, and signs for it.
 */

await launch(import.meta.url, async () => {
  const surroundings = { home: homedir(), cwd: process.cwd(), platform: process.platform }
  const { config } = parseConfig(flagsOf(process.argv.slice(2)), {}, undefined, surroundings)
  const [{ createLogger }, { startPeer }] = await Promise.all([import('../log-node.ts'), import('../peer-main.ts')])
  const logger = await createLogger({ level: config.logLevel, format: 'json', color: false })
  const peer = await startPeer({ config, logger, role: 'peer', signal: new AbortController().signal, wrapCompute: lying })
  process.stdout.write(`${JSON.stringify({ event: 'ready', peer: peer.self, addresses: peer.addresses() })}\n`)
  process.once('SIGTERM', () => void peer.stop().finally(() => process.exit()))
})

/** The settings among the arguments, by key. */
function flagsOf(args: string[]): Record<string, unknown> {
  const names = namedSettings.map(({ key, flag }) => ({ key, name: flag.slice('--'.length) }))
  const options = Object.fromEntries(names.map(({ name }) => [name, { type: 'string' as const, multiple: true as const }]))
  const { values } = parseArgs({ args, strict: false, options: { ...options, config: { type: 'string' }, json: { type: 'boolean' } } })
  return Object.fromEntries(
    names.filter(({ name }) => name !== 'json').map(({ key, name }) => [key, (values[name] as string[] | undefined)?.join(',')]),
  )
}

function lying(compute: Compute): Compute {
  const falsify = ({ output, deviceMs }: BlockResult): BlockResult => {
    const wrong = Uint8Array.from(output)
    wrong[0] = (wrong[0] as number) ^ 1
    return { output: wrong, hash: new Uint8Array(createHash('sha256').update(wrong).digest()), deviceMs }
  }
  return {
    device: () => compute.device(),
    check: (...call) => compute.check(...call),
    stop: () => compute.stop(),
    run: async (...call) => (await compute.run(...call)).map(falsify),
  }
}
