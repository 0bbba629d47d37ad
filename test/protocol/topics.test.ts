import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isTopic, MAX_TOPIC_LENGTH } from '../../src/network/topic-policy.ts'
import { jobsTopic, jobTopic, logTopic, macroJobTopic } from '../../src/protocol/topics.ts'

it('names the topics of version 1', () => {
  assert.equal(jobsTopic, 'minga/1/jobs')
  assert.equal(jobTopic('abc'), 'minga/1/job/abc')
  assert.equal(macroJobTopic('abc', 4), 'minga/1/job/abc/4')
  assert.equal(logTopic('abc'), 'minga/1/log/abc')
})

it('refuses ids that would name another topic', () => {
  for (const id of ['', 'a/b', '../jobs', 'ü', 'x'.repeat(97)]) assert.throws(() => jobTopic(id), { name: 'BadTopicError' })
  for (const index of [-1, 1.5, Number.NaN, 2 ** 32]) assert.throws(() => macroJobTopic('abc', index), { name: 'BadTopicError' })
})

it('makes only topics that the network lets pass', () => {
  const longest = macroJobTopic('x'.repeat(96), 2 ** 32 - 1)
  assert.ok(longest.length <= MAX_TOPIC_LENGTH)
  for (const topic of [jobsTopic, jobTopic('a'), logTopic('a'), longest]) assert.ok(isTopic(topic))
})
