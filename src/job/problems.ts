import type { z } from 'zod'
import type { Problem } from './errors.ts'

type Issue = z.core.$ZodIssue

/** How zod calls what JSON has, in the words of people who write JSON. */
const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
}
/** A line stays a line whatever somebody put into their file. */
const MOST_SHOWN = 60

/** What a schema found wrong with `value`, in our words: what was expected there, and what was found. `at` is where the value itself stands. */
export function problemsOf({ issues }: z.ZodError, value: unknown, at: readonly string[] = []): Problem[] {
  return issues.map((issue) => {
    const found = issue.path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown> | null | undefined)?.[key], value)
    return { path: [...at, ...issue.path].join('.'), message: messageOf(issue, found) }
  })
}

function messageOf(issue: Issue, found: unknown): string {
  if (issue.code === 'unrecognized_keys') return `unknown ${issue.keys.map(shown).join(', ')}`
  const expected = expectedOf(issue)
  if (found === undefined) return `missing, ${expected}`
  const isOfLength = (issue.code === 'too_small' || issue.code === 'too_big') && 'length' in Object(found)
  return `${expected}, found ${isOfLength ? (found as { length: number }).length : shown(found)}`
}

function expectedOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${KINDS[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `expected ${issue.values.map(shown).join(' or ')}`
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${amountOf(issue.origin, issue.minimum)}`
    case 'too_big':
      return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${amountOf(issue.origin, issue.maximum)}`
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`
    case 'invalid_union':
      return unionOf(issue)
    default:
      // A schema's own message says what it expects; zod's for a pattern does so in its way.
      return issue.message.replace(/^Invalid string: must match pattern/, 'expected a text like')
  }
}

function amountOf(origin: string, count: number | bigint): string {
  const unit = { string: 'character', array: 'item' }[origin]
  return unit === undefined ? String(count) : `${count} ${unit}${Number(count) === 1 ? '' : 's'}`
}

function unionOf(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  const options: readonly unknown[] = 'options' in issue && Array.isArray(issue.options) ? issue.options : []
  if (options.length > 0) return `expected ${options.map(shown).join(' or ')}`
  if (issue.message !== 'Invalid input') return issue.message
  return [...new Set(issue.errors.flatMap((errors) => errors.slice(0, 1).map(expectedOf)))].join(', or ')
}

/** A value as a person would write it in JSON, cut where it is long. */
export function shown(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'number') return String(value)
  const text = JSON.stringify(value) ?? typeof value
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}…`
}
