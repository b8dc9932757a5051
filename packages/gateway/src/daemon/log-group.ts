/**
 * The NFLOG group that rule sets log to where nobody says otherwise. Without a listener the kernel lets such packets'
 * logging go at once, so it costs next to nothing where no daemon runs. The number is that of RFC 8520; ulogd's
 * examples take small ones.
 */
export const LOG_GROUP = 8520
