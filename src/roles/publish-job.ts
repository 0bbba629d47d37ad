import { bytesToBigInt } from '../job/bytes.ts'
import { cidOfUri, completeDraft, hasPrice, type JobDraft } from '../job/draft.ts'
import { InvalidJobInfoError } from '../job/errors.ts'
import { FIELD_ORDER, fieldToHex } from '../job/field.ts'
import type { JobInfo } from '../job/info.ts'
import { defaultDeadline, ruleProblems } from '../job/offer.ts'
import { planOf } from '../job/plan.ts'
import type { RecordOf } from '../job/records.ts'
import type { Cid, PeerId } from '../ports.ts'
import type { PlaceOptions, RequesterComponents } from './placing.ts'

const SECOND_MS = 1000

/** What is being placed is pinned until others hold it. */
export const placingOwner = (self: PeerId) => `placing/${self}`

/** Stores code and data, and gives the JobInfo that names them. Throws InvalidJobInfoError, BlockNotFoundError. */
export async function publish(
  components: RequesterComponents,
  draft: JobDraft,
  { signal, randomBytes, now }: PlaceOptions,
): Promise<JobInfo> {
  const { blocks, self, wallet, chain } = components
  const source = new TextEncoder().encode(draft.code)
  const published = await findPublished(components, draft, signal)
  const nowSeconds = Math.floor((now?.() ?? Date.now()) / SECOND_MS)
  const rules = chain && hasPrice(draft) ? await chain.rules({ ...(signal && { signal }) }) : undefined
  const escrow = chain &&
    rules && { chainId: chain.chainId, escrow: chain.escrow, rules, defaultDeadline: defaultDeadline(nowSeconds, rules) }
  const base = { requester: self, wallet, seed: randomSeed(randomBytes), ...(escrow && { escrow }) }
  // Checked as a whole before anything is stored: the CIDs of a trial cannot be wrong in shape.
  const local = draft.data ? { ...sourceAt(TRIAL_CID), bytes: draft.data.length } : null
  const trial = completeDraft(draft, { ...base, code: { ...sourceAt(TRIAL_CID), bytes: source.length }, data: published ?? local })
  const problems = rules === undefined ? [] : ruleProblems(trial, rules, await timeOf(components, draft, nowSeconds, signal))
  if (problems.length > 0) throw new InvalidJobInfoError(problems)
  const put = async (bytes: Uint8Array) => {
    const cid = await blocks.put(bytes, { ...(signal && { signal }), owner: placingOwner(self) })
    return { ...sourceAt(cid), bytes: bytes.length }
  }
  const code = await put(source)
  return completeDraft(draft, { ...base, code, data: published ?? (draft.data ? await put(draft.data) : null) })
}

/** The chain's time, where it matters: a deadline that is ours is far from the longest. Blocks may be some seconds apart, and clocks are. */
async function timeOf({ chain }: RequesterComponents, { deadline }: JobDraft, nowSeconds: number, signal?: AbortSignal): Promise<number> {
  if (chain === undefined || !deadline) return nowSeconds
  return Math.max(nowSeconds, (await chain.head({ ...(signal && { signal }) })).timestamp)
}

const TRIAL_CID = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
const sourceAt = (cid: Cid) => ({ uri: `ipfs://${cid}`, cid })

/** Data that somebody has published already, with its size as its own root says; undefined where the draft brings its bytes along. */
async function findPublished({ blocks, holders }: RequesterComponents, { dataUri }: JobDraft, signal?: AbortSignal) {
  if (dataUri === undefined) return undefined
  const cid = cidOfUri(dataUri)
  return { ...sourceAt(cid), bytes: await blocks.size(cid, { ...(signal && { signal }), providers: holders() }) }
}

function randomSeed(randomBytes: () => Uint8Array = () => crypto.getRandomValues(new Uint8Array(32))): string {
  return fieldToHex(bytesToBigInt(randomBytes()) % FIELD_ORDER)
}

/** The plan of each MacroJob: the ids that every peer computes again from the seed. */
export function plansOf(info: JobInfo): RecordOf<'plan'>[] {
  return Array.from({ length: info.slicing.macroJobs }, (_, macro) => planOf(info, macro))
}
