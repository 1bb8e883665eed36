ALTER TABLE "rows" DROP CONSTRAINT "rows_kind";--> statement-breakpoint
ALTER TABLE "rows" ADD COLUMN "precision" integer;--> statement-breakpoint
ALTER TABLE "rows" ADD COLUMN "policy" jsonb;--> statement-breakpoint
ALTER TABLE "rows" ADD CONSTRAINT "rows_kind" CHECK ("rows"."kind" in ('auto', 'number', 'expression', 'choice', 'list', 'text', 'yesno', 'date', 'time', 'ocr', 'chart', 'box'));