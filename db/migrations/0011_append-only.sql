-- What a closed round says is never changed, by no query and no hand: its scores, its rows, its datasets. TRUNCATE
-- fires no trigger of rows, so each table of the history refuses it by itself.
CREATE FUNCTION refuse_change_of_sealed_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM datasets WHERE id = OLD.dataset_id AND sealed_at IS NOT NULL) THEN
    RAISE EXCEPTION '% on "%" refused: the dataset % is sealed, and history is never changed', TG_OP, TG_TABLE_NAME,
      OLD.dataset_id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
--> statement-breakpoint
-- The sealing itself gives rows their places, millions of them: it names its dataset and is not asked row by row.
CREATE TRIGGER sealed_rows_stay BEFORE UPDATE OR DELETE ON "rows" FOR EACH ROW
  WHEN (current_setting('hone.sealing', true) IS DISTINCT FROM OLD.dataset_id)
  EXECUTE FUNCTION refuse_change_of_sealed_rows();
--> statement-breakpoint
CREATE TRIGGER sealed_datasets_stay BEFORE UPDATE ON "datasets" FOR EACH ROW
  WHEN (OLD.sealed_at IS NOT NULL AND OLD.* IS DISTINCT FROM NEW.*)
  EXECUTE FUNCTION refuse_change_of_history();
--> statement-breakpoint
CREATE TRIGGER sealed_datasets_are_kept BEFORE DELETE ON "datasets" FOR EACH ROW
  WHEN (OLD.sealed_at IS NOT NULL)
  EXECUTE FUNCTION refuse_change_of_history();
--> statement-breakpoint
CREATE TRIGGER scores_stay BEFORE UPDATE OR DELETE ON "scores" FOR EACH ROW
  EXECUTE FUNCTION refuse_change_of_history();
--> statement-breakpoint
CREATE TRIGGER score_items_stay BEFORE UPDATE OR DELETE ON "score_items" FOR EACH ROW
  EXECUTE FUNCTION refuse_change_of_history();
--> statement-breakpoint
CREATE TRIGGER rounds_are_not_emptied BEFORE TRUNCATE ON "rounds" EXECUTE FUNCTION refuse_change_of_history();
--> statement-breakpoint
CREATE TRIGGER events_are_not_emptied BEFORE TRUNCATE ON "events" EXECUTE FUNCTION refuse_change_of_history();
--> statement-breakpoint
CREATE TRIGGER datasets_are_not_emptied BEFORE TRUNCATE ON "datasets" EXECUTE FUNCTION refuse_change_of_history();
--> statement-breakpoint
CREATE TRIGGER rows_are_not_emptied BEFORE TRUNCATE ON "rows" EXECUTE FUNCTION refuse_change_of_history();
--> statement-breakpoint
CREATE TRIGGER scores_are_not_emptied BEFORE TRUNCATE ON "scores" EXECUTE FUNCTION refuse_change_of_history();
--> statement-breakpoint
CREATE TRIGGER score_items_are_not_emptied BEFORE TRUNCATE ON "score_items" EXECUTE FUNCTION refuse_change_of_history();
--> statement-breakpoint
CREATE TRIGGER checkpoints_are_not_emptied BEFORE TRUNCATE ON "checkpoints" EXECUTE FUNCTION refuse_change_of_history();
--> statement-breakpoint
CREATE TRIGGER requests_are_not_emptied BEFORE TRUNCATE ON "requests" EXECUTE FUNCTION refuse_change_of_history();
