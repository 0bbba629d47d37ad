import { ConfigInvalidError, type ConfigProblem } from './config/errors.ts'
import { type Config, type NamedSetting, namedSettings, type Surroundings } from './config/settings.ts'
import { closest } from './config/suggest.ts'
import { hideUrls } from './hidden-url.ts'

export type { Config, Surroundings } from './config/settings.ts'

/** The configuration file as read: `value` is whatever its JSON held. */
export interface ConfigFile {
  path: string
  value: unknown
}

type Env = Readonly<Record<string, string | undefined>>

export interface ParsedConfig {
  config: Config
  /** For each key (`storage.maxBytes`) where its value came from: a flag, a variable, the file's path, or `default`. */
  origins: ReadonlyMap<string, string>
  /** What is suspicious but stops nothing, such as a variable that looks like ours and is none. */
  warnings: readonly string[]
}

interface Found {
  value: unknown
  /** The flag, the variable or the file. */
  origin: string
  /** For a problem's line: the origin, and the key where the origin is a file. */
  where: string
  /** What relative paths are relative to. */
  base: string
}

/**
 * The effective configuration: flags before `MINGA_*` variables before the file before defaults. Pure: reads no file and no variable but
 * those given. `flags` has settings by key; keys that are not settings are ignored. Throws ConfigInvalidError with *all* problems.
 */
export function parseConfig(
  flags: Readonly<Record<string, unknown>>,
  env: Env,
  file: ConfigFile | undefined,
  surroundings: Surroundings,
): ParsedConfig {
  const problems: ConfigProblem[] = []
  const fromFile = flatten(file, problems)
  const origins = new Map<string, string>()
  const config = {}

  for (const named of namedSettings) {
    const { key, setting } = named
    const found = findValue(named, flags, env, fromFile, file, surroundings)
    origins.set(key, found?.origin ?? 'default')
    if (found === undefined) {
      assign(config, key, typeof setting.fallback === 'function' ? setting.fallback(surroundings, env) : setting.fallback)
      continue
    }
    const value = setting.type.parse(found.value, { base: found.base, home: surroundings.home })
    if (value === undefined) {
      const shown = setting.type.showFound?.(found.value) ?? show(found.value)
      problems.push({ where: found.where, message: `expected ${setting.type.expected}, found ${shown}` })
    } else assign(config, key, value)
  }
  if (problems.length > 0) throw new ConfigInvalidError(problems)
  return { config: deepFreeze(config) as Config, origins, warnings: unknownVariables(env) }
}

/** Where the configuration file is looked for when no flag or variable names one. */
export function defaultConfigPath(env: Env, { home, platform }: Surroundings): string {
  const base = platform === 'win32' ? env.APPDATA || `${home}/AppData/Roaming` : env.XDG_CONFIG_HOME || `${home}/.config`
  return `${base}/minga/config.json`
}

function findValue(
  { key, flag, variable }: NamedSetting,
  flags: Readonly<Record<string, unknown>>,
  env: Env,
  fromFile: ReadonlyMap<string, unknown>,
  file: ConfigFile | undefined,
  { cwd }: Surroundings,
): Found | undefined {
  if (flags[key] !== undefined) return { value: flags[key], origin: flag, where: flag, base: cwd }
  if (env[variable]) return { value: env[variable], origin: variable, where: variable, base: cwd }
  // https://no-color.org: set and not empty, whatever the value.
  if (key === 'color' && env.NO_COLOR) return { value: 'never', origin: 'NO_COLOR', where: 'NO_COLOR', base: cwd }
  if (file === undefined || !fromFile.has(key)) return undefined
  return { value: fromFile.get(key), origin: file.path, where: `${file.path}: ${key}`, base: folderOf(file.path) }
}

const folderOf = (path: string) => path.replace(/[\\/][^\\/]*$/, '') || '/'

/** The file's values by key; what is no setting of ours becomes a problem. */
function flatten(file: ConfigFile | undefined, problems: ConfigProblem[]): Map<string, unknown> {
  const values = new Map<string, unknown>()
  if (file === undefined) return values
  const keys = namedSettings.map(({ key }) => key)
  const visit = (prefix: string, value: unknown) => {
    if (keys.includes(prefix)) {
      values.set(prefix, value)
    } else if (isRecord(value) && (prefix === '' || keys.some((key) => key.startsWith(`${prefix}.`)))) {
      for (const [name, inner] of Object.entries(value)) if (name !== '$schema') visit(prefix === '' ? name : `${prefix}.${name}`, inner)
    } else if (prefix === '' || keys.some((key) => key.startsWith(`${prefix}.`))) {
      problems.push({ where: prefix === '' ? file.path : `${file.path}: ${prefix}`, message: `expected an object, found ${show(value)}` })
    } else {
      const hint = closest(prefix, keys)
      problems.push({ where: `${file.path}: ${prefix}`, message: `no such setting${hint === undefined ? '' : `; did you mean ${hint}?`}` })
    }
  }
  visit('', file.value)
  return values
}

/** A mistyped variable would be silently without effect, so it is named; it stops nothing, since it may belong to someone else. */
function unknownVariables(env: Env): string[] {
  const known = [...namedSettings.map(({ variable }) => variable), 'MINGA_CONFIG']
  const strangers = Object.keys(env).filter((name) => name.startsWith('MINGA_') && !known.includes(name))
  return strangers.map((name) => {
    const hint = closest(name, known)
    return `${name} is no setting of Minga${hint === undefined ? '' : `; did you mean ${hint}?`}`
  })
}

function assign(config: Record<string, unknown>, key: string, value: unknown): void {
  const [outer = key, inner] = key.split('.')
  if (inner === undefined) config[outer] = value
  else config[outer] = { ...(config[outer] as object | undefined), [inner]: value }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JSON, cut where a reader would stop reading. A URL may have come to where it does not belong, and holds a key there as well. */
function show(value: unknown): string {
  const json = hideUrls(JSON.stringify(value) ?? String(value))
  return json.length > 60 ? `${json.slice(0, 57)}…` : json
}
