import { isAbsolute, resolve } from 'node:path'
import { hiddenUrl } from '../hidden-url.ts'
import { formatBytes, formatDuration, parseBytes, parseDuration } from './units.ts'

/** What a relative path is relative to. */
export interface ValueContext {
  base: string
  home: string
}

/** A kind of value that a flag, a variable or the configuration file may hold. */
export interface ValueType<T> {
  /** What is accepted, so that it can follow the word "expected". */
  readonly expected: string
  /** Stands for the value in a flag's help; undefined for flags without a value. */
  readonly placeholder?: string
  /** True where the flag may be repeated and the variable holds a list with commas. */
  readonly many?: boolean
  /** The value, or undefined where `found` is not one. Flags and variables come as text, the file's values as JSON has them. */
  parse(found: unknown, context: ValueContext): T | undefined
  format(value: T): string
  /** Given where a value may hold a secret: the value as it may be shown to anyone, as text or JSON. */
  shown?(value: T): unknown
  /** Given where a value may hold a secret: what was found instead of one, as it may be shown. */
  showFound?(found: unknown): string
}

export const toggle: ValueType<boolean> = {
  expected: 'true or false',
  parse: (found) => {
    if (typeof found === 'boolean') return found
    if (typeof found !== 'string') return undefined
    if (/^(true|yes|on|1)$/i.test(found)) return true
    return /^(false|no|off|0)$/i.test(found) ? false : undefined
  },
  format: String,
}

export const text = (expected: string, placeholder: string): ValueType<string> => ({
  expected,
  placeholder,
  parse: (found) => (typeof found === 'string' && found.trim() !== '' ? found.trim() : undefined),
  format: String,
})

/** An absolute path. A relative one is resolved against the file that holds it, or the working directory; `~/` is the home. */
export const path = (expected: string, placeholder: string): ValueType<string> => ({
  expected,
  placeholder,
  parse: (found, { base, home }) => {
    if (typeof found !== 'string' || found === '' || found.includes('\0')) return undefined
    if (found === '~' || found.startsWith('~/')) return resolve(home, `.${found.slice(1)}`)
    return isAbsolute(found) ? found : resolve(base, found)
  },
  format: String,
})

export const choice = <const T extends string>(...names: readonly T[]): ValueType<T> => ({
  expected: `one of ${names.join(', ')}`,
  placeholder: names.join('|'),
  parse: (found) => names.find((name) => name === found),
  format: String,
})

export const bytes: ValueType<number> = {
  expected: 'a size such as 512MiB or 20GiB',
  placeholder: 'size',
  parse: (found) => quantity(found, parseBytes),
  format: formatBytes,
}

export const duration: ValueType<number> = {
  expected: 'a duration such as 500ms, 30s or 7d',
  placeholder: 'time',
  parse: (found) => quantity(found, parseDuration),
  format: formatDuration,
}

function quantity(found: unknown, parse: (text: string) => number | undefined): number | undefined {
  return typeof found === 'string' || typeof found === 'number' ? parse(String(found)) : undefined
}

/** A whole amount in the token's smallest unit. JSON numbers above 2^53 would lose digits, so the file may hold text. */
export const amount: ValueType<bigint> = {
  expected: 'a whole amount, 0 or more',
  placeholder: 'amount',
  parse: (found) => {
    if (typeof found === 'number') return Number.isSafeInteger(found) && found >= 0 ? BigInt(found) : undefined
    // 78 digits hold any 256-bit amount.
    return typeof found === 'string' && /^\d{1,78}$/.test(found) ? BigInt(found) : undefined
  },
  format: String,
}

/** A whole number from `min` to `max`. */
export const whole = (min: number, max: number): ValueType<number> => ({
  expected: `a whole number from ${min} to ${max}`,
  placeholder: 'n',
  parse: (found) => {
    if (typeof found !== 'number' && !(typeof found === 'string' && /^\d{1,16}$/.test(found))) return undefined
    const value = Number(found)
    return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined
  },
  format: String,
})

const GWEI = 10n ** 9n

/** Wei a unit of gas, from text such as `300gwei` or a whole number of wei. */
export const gasPrice: ValueType<bigint> = {
  expected: 'a price of gas such as 300gwei, or whole wei',
  placeholder: 'price',
  parse: (found) => {
    const [, digits, unit] = /^(\d{1,24}) ?(gwei|wei)?$/i.exec(String(found).trim()) ?? []
    return digits === undefined ? undefined : BigInt(digits) * (unit?.toLowerCase() === 'gwei' ? GWEI : 1n)
  },
  format: (wei) => (wei % GWEI === 0n ? `${wei / GWEI}gwei` : `${wei} wei`),
}

export const httpUrl: ValueType<string> = {
  expected: 'a URL with http: or https:',
  placeholder: 'url',
  parse: (found) => (typeof found === 'string' && /^https?:$/.test(URL.parse(found)?.protocol ?? '') ? found : undefined),
  format: hiddenUrl,
  shown: hiddenUrl,
  showFound: (found) => (typeof found === 'string' ? hiddenUrl(found) : typeof found),
}

/** An address by its look; capitals are a checksum, which the chain's adapter checks. */
export const address: ValueType<string> = {
  expected: 'an address: 0x and 40 hexadecimal digits',
  placeholder: 'address',
  parse: (found) => (typeof found === 'string' && /^0x[0-9a-fA-F]{40}$/.test(found) ? found : undefined),
  format: String,
}

/** A multiaddr by its look; libp2p parses it fully when the peer starts. */
export const multiaddr: ValueType<string> = {
  expected: 'a multiaddr such as /ip4/127.0.0.1/tcp/4617',
  placeholder: 'multiaddr',
  parse: (found) =>
    typeof found === 'string' && /^\/(ip4|ip6|dns|dns4|dns6|dnsaddr|p2p)\/[^/\s]+(\/[^/\s]+)*$/.test(found) ? found : undefined,
  format: String,
}

/** Any number of values: a repeated flag, text with commas, or a JSON array. */
export const list = <T>(of: ValueType<T>): ValueType<readonly T[]> => ({
  expected: `a list, each ${of.expected}`,
  ...(of.placeholder === undefined ? {} : { placeholder: of.placeholder }),
  many: true,
  parse: (found, context) => {
    const parts = typeof found === 'string' ? split(found) : Array.isArray(found) ? found.flatMap(split) : undefined
    const values = parts?.map((part) => of.parse(part, context))
    return values?.every((value) => value !== undefined) ? values : undefined
  },
  format: (values) => (values.length === 0 ? 'none' : values.map((value) => of.format(value)).join(', ')),
  ...(of.shown && { shown: (values: readonly T[]) => values.map((value) => of.shown?.(value)) }),
  ...(of.showFound && {
    showFound: (found: unknown) =>
      [found]
        .flat()
        .flatMap(split)
        .map((part) => of.showFound?.(part))
        .join(', '),
  }),
})

function split(found: unknown): unknown[] {
  if (typeof found !== 'string') return [found]
  return found
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** The same value, or nothing where it is not set. */
export const optional = <T>(of: ValueType<T>): ValueType<T | undefined> => ({
  ...of,
  format: (value) => (value === undefined ? 'not set' : of.format(value)),
})
