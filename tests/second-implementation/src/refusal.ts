/** Why something that arrived is not opened: the names of the protocol's page. */
export type Reason =
  | "envelope"
  | "header"
  | "key_id"
  | "track"
  | "unknown_key"
  | "replayed"
  | "tag"
  | "padding"
  | "malformed";

export class Refusal extends Error {
  constructor(readonly because: Reason) {
    super(`refused: ${because}`);
  }
}
