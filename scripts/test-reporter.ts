import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'

export interface FileCount {
  passed: number
  failed: number
  skipped: number
}

/** Where the counts of each file go, as JSON, for scripts/test.ts to add up; without it they are added up here. */
const countsPath = process.env.TEST_COUNTS_FILE

/** One line a file, each failure in full, and last `N passed, N failed`. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files = new Map<string, FileCount>()
  const failures: string[] = []
  for await (const event of events) {
    if (event.type === 'test:pass' || event.type === 'test:fail') {
      const { file = '(no file)', name, details, skip, todo } = event.data
      const error: unknown = 'error' in details ? details.error : undefined
      const count = files.get(file) ?? { passed: 0, failed: 0, skipped: 0 }
      files.set(file, count)
      if (event.type === 'test:fail' && todo === undefined) {
        // A suite fails with its tests; those have been told and counted.
        if (isOnlySubtests(error)) continue
        count.failed++
        failures.push(`✖ ${relative('.', file)}: ${name}\n${indent(inspect(rootCause(error), { colors: process.stdout.isTTY }))}`)
        yield `✖ ${relative('.', file)}: ${name}\n`
      } else if (details.type !== 'suite') {
        if (skip !== undefined) count.skipped++
        else count.passed++
      }
    } else if (event.type === 'test:stdout' || event.type === 'test:stderr') {
      yield event.data.message
    } else if (event.type === 'test:summary' && event.data.file !== undefined) {
      const { passed, failed, skipped } = files.get(event.data.file) ?? { passed: 0, failed: 0, skipped: 0 }
      const seconds = (event.data.duration_ms / 1000).toFixed(1)
      yield `${failed > 0 ? '✖' : '✔'} ${relative('.', event.data.file)} ${passed}${failed > 0 ? `, ${failed} failed` : ''}${skipped > 0 ? `, ${skipped} skipped` : ''} (${seconds} s)\n`
    }
  }
  if (failures.length > 0) yield `\n${failures.join('\n\n')}\n`
  if (countsPath === undefined) yield closingLine([...files.values()])
  else writeFileSync(countsPath, JSON.stringify([...files]))
}

export function closingLine(counts: readonly FileCount[]): string {
  const sum = (key: keyof FileCount) => counts.reduce((total, count) => total + count[key], 0)
  const skipped = sum('skipped')
  return `\n${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`
}

function isOnlySubtests(error: unknown): boolean {
  return error instanceof Error && (error as { failureType?: string }).failureType === 'subtestsFailed'
}

/** Node wraps what a test throws in an error of its own, which only says that a test failed. */
function rootCause(error: unknown): unknown {
  return error instanceof Error && (error as { code?: string }).code === 'ERR_TEST_FAILURE' ? (error.cause ?? error) : error
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ')
}
