-- A round that has ended is never changed, by no query and no hand. Nothing of a campaign's history is deleted either.
CREATE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on "%" refused: history is never changed', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER ended_rounds_stay BEFORE UPDATE ON "rounds" FOR EACH ROW
  WHEN (OLD.status NOT IN ('running', 'failed') AND OLD.* IS DISTINCT FROM NEW.*)
  EXECUTE FUNCTION refuse_change_of_history();
--> statement-breakpoint
CREATE TRIGGER ended_rounds_are_kept BEFORE DELETE ON "rounds" FOR EACH ROW
  WHEN (OLD.status <> 'running')
  EXECUTE FUNCTION refuse_change_of_history();
--> statement-breakpoint
CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE ON "events" FOR EACH ROW
  EXECUTE FUNCTION refuse_change_of_history();
