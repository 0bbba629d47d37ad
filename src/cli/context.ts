import { homedir } from 'node:os'
import type { Command } from 'commander'
import { type Config, defaultConfigPath, parseConfig } from '../config.ts'
import type { Logger, LogLevel } from '../log.ts'
import { FileUnreadableError } from './errors.ts'
import { type Interrupts, installInterrupts } from './interrupts.ts'
import { collectFlags } from './options.ts'
import { createOutput, type Output } from './output.ts'
import { readJson } from './read-json.ts'
import { createLiveView, type LiveView } from './render/live.ts'
import { createStyle, type Style } from './render/style.ts'

/** What every command is given. */
export interface Context extends Interrupts {
  readonly config: Config
  readonly origins: ReadonlyMap<string, string>
  /** The configuration file, and whether it was there. */
  readonly configFile: { path: string; exists: boolean }
  readonly output: Output
  /** Progress, on stderr; only drawn on a terminal. */
  readonly live: LiveView
  /** For what is written to stderr. */
  readonly style: Style
  /** The environment without any setting of Minga: for processes of ours that have settings of their own. */
  readonly plainEnv: Readonly<Record<string, string | undefined>>
  /** The logger on stderr. `quietest` is the level where no setting names one: a command that asks says less than a peer that serves. */
  logger(quietest?: LogLevel): Promise<Logger>
}

/** Reads the configuration for `command`. Throws ConfigInvalidError, FileUnreadableError, JsonSyntaxError. */
export async function createContext(command: Command): Promise<Context> {
  // This is the one place where the environment is read.
  const { env } = process
  const surroundings = { home: homedir(), cwd: process.cwd(), platform: process.platform }
  const named = configPathFlag(command) ?? (env.MINGA_CONFIG || undefined)
  const path = named ?? defaultConfigPath(env, surroundings)
  const value = await readConfigFile(path, named !== undefined)
  const file = value === undefined ? undefined : { path, value }
  const { config, origins, warnings } = parseConfig(collectFlags(command), env, file, surroundings)

  const colorOn = (stream: { isTTY?: boolean }) =>
    config.color === 'always' || (config.color === 'auto' && stream.isTTY === true && env.TERM !== 'dumb')
  const live = createLiveView(process.stderr)
  const style = createStyle(colorOn(process.stderr))
  for (const warning of warnings) live.print(`${style.yellow('warning:')} ${warning}\n`)
  return {
    config,
    origins,
    configFile: { path, exists: file !== undefined },
    output: createOutput({ isJson: config.json, color: colorOn(process.stdout), stdout: process.stdout }),
    live,
    style,
    plainEnv: Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('MINGA_'))),
    ...installInterrupts(() => live.end()),
    logger: async (quietest = 'info') => {
      const { createLogger } = await import('../log-node.ts')
      const level = origins.get('logLevel') === 'default' ? quietest : config.logLevel
      const format = config.logFormat === 'auto' ? (process.stderr.isTTY ? 'pretty' : 'json') : config.logFormat
      const write = live.isLive ? { write: (lines: string) => live.print(lines) } : {}
      return createLogger({ level, format, color: colorOn(process.stderr), ...write })
    },
  }
}

/** How to tell an error when there may be no valid configuration. */
export function presentationOf(program: Command): { isJson: boolean; style: Style } {
  const { env } = process
  const isJson = program.opts<{ json?: boolean }>().json ?? /^(true|yes|on|1)$/i.test(env.MINGA_JSON ?? '')
  const { color = env.MINGA_COLOR ?? (env.NO_COLOR ? 'never' : 'auto') } = collectFlags(program)
  return { isJson, style: createStyle(color === 'always' || (color === 'auto' && process.stderr.isTTY === true && env.TERM !== 'dumb')) }
}

function configPathFlag(command: Command): string | undefined {
  return command.optsWithGlobals<{ config?: string }>().config
}

/** A file that was named must be there; the one that is only looked for need not. */
async function readConfigFile(path: string, mustExist: boolean): Promise<unknown> {
  try {
    return await readJson('a configuration file', path)
  } catch (error) {
    const isMissing = error instanceof FileUnreadableError && (error.cause as { code?: string }).code === 'ENOENT'
    if (isMissing && !mustExist) return undefined
    throw error
  }
}
