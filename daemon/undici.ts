/** What is wanted of undici, built as a program file of its own: a daemon whose clients have no proxy never reads it. */
export { type Dispatcher, fetch, ProxyAgent } from 'undici';
