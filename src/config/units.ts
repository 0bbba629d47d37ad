const BYTE_UNITS = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const
const TIME_UNITS = { ms: 1, s: 1e3, min: 6e4, m: 6e4, h: 3.6e6, d: 8.64e7 } as const

/** A whole number of bytes from text such as `512MiB`, `1.5 GB` or `4096`; undefined where it is none. */
export function parseBytes(text: string): number | undefined {
  return parseQuantity(text, BYTE_UNITS, 'B')
}

/** Whole milliseconds from text such as `1.5s`, `10 min`, `7d` or `250` (milliseconds); undefined where it is none. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, TIME_UNITS, 'ms')
}

function parseQuantity(text: string, units: Record<string, number>, plain: string): number | undefined {
  const [, digits, unit = plain] = /^(\d+(?:\.\d+)?) ?([a-z]+)?$/i.exec(text.trim()) ?? []
  const name = Object.keys(units).find((known) => known.toLowerCase() === unit.toLowerCase())
  if (digits === undefined || name === undefined) return undefined
  const amount = Math.round(Number(digits) * units[name]!)
  return Number.isSafeInteger(amount) ? amount : undefined
}

/** Bytes for a reader: `0 B`, `1.5 KiB`, `20 GiB`. */
export function formatBytes(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
  let power = 0
  while (power < names.length - 1 && Math.abs(bytes) >= 1024 ** (power + 1)) power++
  return `${trim(bytes / 1024 ** power)} ${names[power]}`
}

/** A duration for a reader: `3 ms`, `1.5 s`, `2 min 5 s`, `7 d`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${trim(ms)} ms`
  if (ms < 60_000) return `${trim(ms / 1_000)} s`
  const [whole, part, unit, subunit] =
    ms < 3.6e6 ? [ms / 6e4, 1e3, 'min', 's'] : ms < 8.64e7 ? [ms / 3.6e6, 6e4, 'h', 'min'] : [ms / 8.64e7, 3.6e6, 'd', 'h']
  const rest = Math.floor(((whole % 1) * (ms / whole)) / part)
  return rest === 0 ? `${Math.floor(whole)} ${unit}` : `${Math.floor(whole)} ${unit} ${rest} ${subunit}`
}

/** At most one digit behind the point, and none where it would be a zero. */
function trim(value: number): string {
  return String(Math.round(value * 10) / 10)
}
