ALTER TABLE "requests" ADD COLUMN "served_model" text;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "is_estimated" boolean DEFAULT false NOT NULL;