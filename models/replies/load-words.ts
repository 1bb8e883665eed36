import type { ServerWords } from './server-words.ts'

const loading =
  /loading model|model is (currently |still )?(being )?load(ing|ed)\b(?! in)|currently loading|still loading|warming up|model is starting|starting up|is not ready|not ready yet|cold start|scaled? (from|to) zero|engine ?dead|background loop has errored|engine (process|core).{0,40}(died|dead|failed|not running)|no healthy upstream|no (available|healthy|ready) (workers?|backends?|servers?|replicas?|endpoints?)\b|no instances? available/

/** Whether the server loads its model, or its engine is dead and waits for a restart. */
export const saysAway = ({ all }: Pick<ServerWords, 'all'>): boolean => loading.test(all)

const overload =
  /overload|over capacity|capacity|queue is full|queue.{0,20}full|too many (concurrent|pending|requests|queued)|server busy|server is busy|busy|maximum pending|concurren|high (demand|load|traffic)|throttl|rate.?limit/

/** Whether the server has more calls than it takes. */
export const saysOverload = ({ all }: Pick<ServerWords, 'all'>): boolean => overload.test(all)

const byTime =
  /per[ _-]?(second|minute|hour|day|month|\d{1,9} ?s\b)|by(minute|hour|day)\b|(second|minute|hour|day|daily|hourly|monthly) (limit|quota)|\b[rt]p[smdh]\b|quota|rate limit reached|token rate limit|call rate limit|usage limit/

/** Whether a limit by time is reached, and not one of calls at one time. */
export const saysLimitByTime = ({ all }: Pick<ServerWords, 'all'>): boolean =>
  byTime.test(all) && !/concurren/.test(all)
