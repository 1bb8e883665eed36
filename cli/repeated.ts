/** Reader of an option that may be given again: every value, in order. */
export const repeated = (value: string, before: readonly string[] = []): string[] => [...before, value]
