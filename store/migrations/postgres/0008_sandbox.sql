-- How well a worker protects its machine from strangers' files. A worker that does not say has not tried.
ALTER TABLE workers ADD COLUMN sandbox TEXT NOT NULL DEFAULT 'weak' CHECK (sandbox IN ('full', 'weak'));
