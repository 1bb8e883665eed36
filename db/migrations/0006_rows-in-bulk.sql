ALTER TABLE "rows" DROP CONSTRAINT "rows_origin_row_id_rows_id_fk";
--> statement-breakpoint
DROP INDEX "row_images_hash";--> statement-breakpoint
DROP INDEX "row_requests_key";--> statement-breakpoint
DROP INDEX "rows_parent";--> statement-breakpoint
DROP INDEX "rows_origin";--> statement-breakpoint
DROP INDEX "score_items_key";--> statement-breakpoint
DROP INDEX "rows_parent_in_dataset";--> statement-breakpoint
DROP INDEX "rows_origin_in_dataset";--> statement-breakpoint
ALTER TABLE "rows" ADD COLUMN "other_origin_row_id" text GENERATED ALWAYS AS (nullif(origin_row_id, id)) STORED;--> statement-breakpoint
ALTER TABLE "rows" ADD CONSTRAINT "rows_other_origin_row_id_rows_id_fk" FOREIGN KEY ("other_origin_row_id") REFERENCES "public"."rows"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "rows_status_in_dataset" ON "rows" USING btree ("dataset_id","status","reason");--> statement-breakpoint
CREATE INDEX "rows_parent_in_dataset" ON "rows" USING btree ("dataset_id","parent_row_id") WHERE "rows"."parent_row_id" is not null;--> statement-breakpoint
CREATE INDEX "rows_origin_in_dataset" ON "rows" USING btree ("dataset_id","origin_row_id") WHERE "rows"."parent_row_id" is not null;--> statement-breakpoint
-- Pages count rows in an index alone, which needs the map of pages that vacuum keeps; a fifth of a large table is too late.
ALTER TABLE "rows" SET (autovacuum_vacuum_insert_scale_factor = 0.05);
