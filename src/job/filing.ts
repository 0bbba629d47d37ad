import type { JobInfo } from './info.ts'
import type { JobRecord, RecordOf } from './records.ts'
import { fitsShape } from './shape.ts'
import { type Authored, attemptKey, chunkOf, type JobView, microKey, touchAll, touchChunk } from './view.ts'

/** Files one record; the log has made sure that `author` signed it and that no (author, key) comes twice. What the Job has no place for is left out. */
export function applyRecord(view: JobView, author: string, record: JobRecord): void {
  view.version++
  if (view.info !== undefined && !fitsShape(view.info, record)) return
  const file = PLACES[record.kind] as (view: JobView, entry: Authored<JobRecord>) => void
  file(view, { author, record })
}

type Kind = JobRecord['kind']

/** Where a record of each kind is filed. */
const PLACES: { [K in Kind]: (view: JobView, entry: Authored<RecordOf<K>>) => void } = {
  job: fileInfo,
  plan: (view, entry) => push(view.plans, entry.record.macro, entry),
  peer: (view, { author, record }) => {
    view.peers.set(author, record)
    touchAll(view)
  },
  complaint: (view, { author, record }) => {
    view.complaints.set(author, record)
    // It may have been asked to judge in any of them.
    touchAll(view)
  },
  cancel: (view, { author }) => void view.cancelledBy.add(author),
  report: (view, entry) => void view.reports.push(entry),
  commit: (view, entry) => fileByMicroJob(view, view.commits, entry),
  reveal: (view, entry) => fileByMicroJob(view, view.reveals, entry),
  recheck: (view, entry) => fileByMicroJob(view, view.rechecks, entry),
  testimony: (view, entry) => fileByMicroJob(view, view.testimonies, entry),
  verdict: fileVerdict,
  root: (view, entry) => fileByAttempt(view, view.roots, entry),
  nonce: (view, entry) => fileByAttempt(view, view.nonces, entry),
  endorsement: (view, entry) => fileByAttempt(view, view.endorsements, entry),
  reopen: (view, entry) => fileByAttempt(view, view.reopens, entry),
  refusal: (view, entry) => fileByAttempt(view, view.refusals, entry),
}

function fileInfo(view: JobView, { record: { info } }: Authored<RecordOf<'job'>>) {
  view.info = info
  dropMisfits(view, info)
  touchAll(view)
}

/** What came before the Job was described, and has no place in it. */
function dropMisfits(view: JobView, info: JobInfo) {
  const { plans, commits, reveals, rechecks, testimonies, roots, nonces, endorsements, verdicts, reopens, refusals } = view
  const maps = [plans, commits, reveals, rechecks, testimonies, roots, nonces, endorsements, verdicts, reopens, refusals]
  for (const map of maps as Map<unknown, Authored<JobRecord>[]>[]) {
    // All records under one key speak of the same.
    for (const [key, [first]] of map) if (first !== undefined && !fitsShape(info, first.record)) map.delete(key)
  }
}

function fileByMicroJob<K extends Kind>(
  view: JobView,
  map: Map<string, Authored<RecordOf<K>>[]>,
  entry: Authored<RecordOf<K> & { macro: number; micro: number }>,
) {
  const { macro, micro } = entry.record
  push(map, microKey(macro, micro), entry)
  touchMacroJob(view, macro)
}

function fileVerdict(view: JobView, entry: Authored<RecordOf<'verdict'>>) {
  push(view.verdicts, entry.record.macro, entry)
  touchMacroJob(view, entry.record.macro)
}

function fileByAttempt<K extends Kind>(
  view: JobView,
  map: Map<string, Authored<RecordOf<K>>[]>,
  entry: Authored<RecordOf<K> & { chunk: number; attempt: number }>,
) {
  const { chunk, attempt } = entry.record
  push(map, attemptKey(chunk, attempt), entry)
  touchChunk(view, chunk)
}

function touchMacroJob(view: JobView, macro: number) {
  if (view.info !== undefined) touchChunk(view, chunkOf(view.info, macro))
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value) {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
