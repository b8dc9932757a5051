/** `@thingwall/gateway/daemon`: what only the daemon needs, apart so that no command waits for its libraries. */
export { type Listening, type ListenOptions, listen, type TcpOptions } from '../api/listen.ts'
export { openapi } from '../api/openapi.ts'
export { SHORTEST_TOKEN } from '../api/token.ts'
export { type Daemon, type DaemonOptions, type DaemonState, startDaemon } from './daemon.ts'
export { type Log, openLog } from './log.ts'
