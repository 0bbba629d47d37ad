/** Minga's topics, version 1. Subscriptions and messages of any other topic are not looked at. */
export const TOPIC_PREFIX = 'minga/1/'

/** The longest real one: prefix, a 64-digit id and a 10-digit index. */
export const MAX_TOPIC_LENGTH = 160

export function isTopic(topic: unknown): topic is string {
  return typeof topic === 'string' && topic.length <= MAX_TOPIC_LENGTH && topic.startsWith(TOPIC_PREFIX)
}
