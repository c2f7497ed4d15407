/** The header by which a drill's check knows the drill's own service from whoever else may answer. */
export const DRILL_HEADER = 'x-grace-drill';
