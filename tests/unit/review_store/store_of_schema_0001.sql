BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE audit_head (
	id INTEGER NOT NULL, 
	n_rows INTEGER NOT NULL, 
	row_hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit_head" VALUES(1,12,'dddcbd59fee5200b7b6676c50f0395993560c3895ef7e1cd75def4db79c93812');
CREATE TABLE audit_trail (
	sequence INTEGER NOT NULL, 
	recorded_at VARCHAR(32) NOT NULL, 
	event VARCHAR(16) NOT NULL, 
	user_mail TEXT, 
	image_sha256 VARCHAR(64) NOT NULL, 
	bundle_sha256 VARCHAR(64) NOT NULL, 
	software_version VARCHAR(32) NOT NULL, 
	detail TEXT NOT NULL, 
	previous_hash VARCHAR(64) NOT NULL, 
	row_hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (sequence)
);
INSERT INTO "audit_trail" VALUES(1,'2026-11-25T02:18:51.231649+00:00','diagnosis',NULL,'3660315a9af3df255d8f19ab077e4797822b41488a0e2a04bc6af71213c23274','abababababababababababababababababababababababababababababababab','0.1.0','{"engine":"fake","label":"ALL","mode":"whole","probabilities":{"ALL":0.93,"AML":0.05,"Healthy":0.02},"run_id":null}','0000000000000000000000000000000000000000000000000000000000000000','cc0c0fa762b64bc86d899003bfbc6a045ae66ca9c3e5fb7510512fe8383f1e6e');
INSERT INTO "audit_trail" VALUES(2,'2026-11-25T02:18:51.281608+00:00','diagnosis',NULL,'15c27816b41541594fbf35e58a55903a5aa8c567269a4411514fd380f06770b5','abababababababababababababababababababababababababababababababab','0.1.0','{"digest":"c83237fafa36625b536df846e4021dda2cf1613250c3bf6daefc2d44a6efa614","engine":"fake","item_id":1,"label":"ALL","mode":"whole","position":0,"probabilities":{"ALL":0.93,"AML":0.05,"Healthy":0.02},"run_id":1}','cc0c0fa762b64bc86d899003bfbc6a045ae66ca9c3e5fb7510512fe8383f1e6e','1dfbfa194ab2892cfd46724b5b06e2dccc5b74c217cee89c591dba7da774f9f0');
INSERT INTO "audit_trail" VALUES(3,'2026-11-25T02:18:51.290161+00:00','diagnosis',NULL,'c2bb3ccfff6a5dec63bfc98b37438bd1cbf44fb16376761c797302e8392207aa','abababababababababababababababababababababababababababababababab','0.1.0','{"digest":"875c9077f58edae5c291dccdea78475c880f1704a66455a909b49c7b7de6fbf4","engine":"fake","item_id":2,"label":"ALL","mode":"whole","position":1,"probabilities":{"ALL":0.93,"AML":0.05,"Healthy":0.02},"run_id":1}','1dfbfa194ab2892cfd46724b5b06e2dccc5b74c217cee89c591dba7da774f9f0','f511954bb3987697672619472a4d8f6e8dabaad1c823570e9501b9380643c432');
INSERT INTO "audit_trail" VALUES(4,'2026-11-25T02:18:51.310367+00:00','diagnosis',NULL,'97699a2532d13b683a17e446d016e7a140cfb5b1ee3345b2b6eaf216af5c1ce6','abababababababababababababababababababababababababababababababab','0.1.0','{"digest":"7be2eda411817697158352a44025f4babcc8886d2764171ae913b00dbdd840f5","engine":"fake","item_id":4,"label":"ALL","mode":"whole","position":3,"probabilities":{"ALL":0.93,"AML":0.05,"Healthy":0.02},"run_id":1}','f511954bb3987697672619472a4d8f6e8dabaad1c823570e9501b9380643c432','3fea6a5cc1513e1135f77ff223cc22b4b87de13a0183bd097da212ad43cd7803');
INSERT INTO "audit_trail" VALUES(5,'2026-11-25T02:18:51.346942+00:00','diagnosis',NULL,'15c27816b41541594fbf35e58a55903a5aa8c567269a4411514fd380f06770b5','abababababababababababababababababababababababababababababababab','0.1.0','{"digest":"52e9aae0edc55c8641a20432528b26be9a530a0f93f31dffdc8a68d8ed2f3f2b","engine":"fake","item_id":5,"label":"ALL","mode":"whole","position":0,"probabilities":{"ALL":0.93,"AML":0.05,"Healthy":0.02},"run_id":2}','3fea6a5cc1513e1135f77ff223cc22b4b87de13a0183bd097da212ad43cd7803','9ccb44a50151fafea429e490b08531f0030c1b90a4140fe47c8dc7cd2771d2d2');
INSERT INTO "audit_trail" VALUES(6,'2026-11-25T02:18:51.362543+00:00','diagnosis',NULL,'c2bb3ccfff6a5dec63bfc98b37438bd1cbf44fb16376761c797302e8392207aa','abababababababababababababababababababababababababababababababab','0.1.0','{"digest":"2ab3ed9a78acac433b316515ae22e1dd7906a79f9fed8f72724e6fde65c0a696","engine":"fake","item_id":6,"label":"ALL","mode":"whole","position":1,"probabilities":{"ALL":0.93,"AML":0.05,"Healthy":0.02},"run_id":2}','9ccb44a50151fafea429e490b08531f0030c1b90a4140fe47c8dc7cd2771d2d2','94af5b45215cd694277f086405cba7a5afc0dfafe4dea670b8e5068d646d9434');
INSERT INTO "audit_trail" VALUES(7,'2026-11-25T02:18:51.411303+00:00','diagnosis',NULL,'15c27816b41541594fbf35e58a55903a5aa8c567269a4411514fd380f06770b5','abababababababababababababababababababababababababababababababab','0.1.0','{"digest":"bca5ff7156e0f0aa45ff007571757f643f4314f74c2168c7a182060d57bdd098","engine":"fake","item_id":7,"label":"ALL","mode":"whole","position":0,"probabilities":{"ALL":0.93,"AML":0.05,"Healthy":0.02},"run_id":3}','94af5b45215cd694277f086405cba7a5afc0dfafe4dea670b8e5068d646d9434','9ea11599043c80676c0d456aa3526efa5503231511dc457cb0bbe6374934672b');
INSERT INTO "audit_trail" VALUES(8,'2026-11-25T02:18:51.427051+00:00','diagnosis',NULL,'c2bb3ccfff6a5dec63bfc98b37438bd1cbf44fb16376761c797302e8392207aa','abababababababababababababababababababababababababababababababab','0.1.0','{"digest":"937b1d2a5ea71d3cb98ab04c1139add9a32026068531bc72fc64b274665c7cc2","engine":"fake","item_id":8,"label":"ALL","mode":"whole","position":1,"probabilities":{"ALL":0.93,"AML":0.05,"Healthy":0.02},"run_id":3}','9ea11599043c80676c0d456aa3526efa5503231511dc457cb0bbe6374934672b','9893a0e4c01aad3acfd3117ee19a0e38b5543287fbb7b12bd33342b9e2c2dff8');
INSERT INTO "audit_trail" VALUES(9,'2026-11-25T02:18:51.450897+00:00','decision','reader@lab.example','15c27816b41541594fbf35e58a55903a5aa8c567269a4411514fd380f06770b5','abababababababababababababababababababababababababababababababab','0.1.0','{"decision_id":1,"digest":"57fe0ce715e95d4ce24d234feb7bf010fd74d9f228575890e3aa933f536f8968","kind":"agree","label":"ALL","run_id":1}','9893a0e4c01aad3acfd3117ee19a0e38b5543287fbb7b12bd33342b9e2c2dff8','72a31958f9e5adb7965580fc282f4bcc5de37f48116711c689e5f6db8e041cf4');
INSERT INTO "audit_trail" VALUES(10,'2026-11-25T02:18:51.466628+00:00','decision',NULL,'15c27816b41541594fbf35e58a55903a5aa8c567269a4411514fd380f06770b5','abababababababababababababababababababababababababababababababab','0.1.0','{"decision_id":2,"digest":"c7e5b93153bcad1e68750ac52e18666466d422ad6f7992a328efcd47f22a37c8","kind":"override","label":"AML","run_id":1}','72a31958f9e5adb7965580fc282f4bcc5de37f48116711c689e5f6db8e041cf4','61e48af5cc049f6ce7d1258c963023882422ec063fcd1605c43dcdaba191f845');
INSERT INTO "audit_trail" VALUES(11,'2026-11-25T02:18:51.482646+00:00','decision',NULL,'15c27816b41541594fbf35e58a55903a5aa8c567269a4411514fd380f06770b5','abababababababababababababababababababababababababababababababab','0.1.0','{"decision_id":3,"digest":"a9bbaa7bb7fb0e7aa0c3284f32e464986b1dc1634b7a8fd87634d067d4112588","kind":"undone","label":null,"run_id":1}','61e48af5cc049f6ce7d1258c963023882422ec063fcd1605c43dcdaba191f845','d66f4ff4bca0481d4ab88b92df080e1a5d7735876ed369310f886c53a41430f0');
INSERT INTO "audit_trail" VALUES(12,'2026-11-25T02:18:51.489732+00:00','decision',NULL,'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd','abababababababababababababababababababababababababababababababab','0.1.0','{"decision_id":4,"digest":"d2fe668f744baf259cef3c256d224aa8a41a06119a21e2a38de5a239f38a6779","kind":"agree","label":"ALL","run_id":null}','d66f4ff4bca0481d4ab88b92df080e1a5d7735876ed369310f886c53a41430f0','dddcbd59fee5200b7b6676c50f0395993560c3895ef7e1cd75def4db79c93812');
CREATE TABLE decisions (
	id INTEGER NOT NULL, 
	image_sha256 VARCHAR(64) NOT NULL, 
	image_name TEXT NOT NULL, 
	bundle_sha256 VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	label VARCHAR(16), 
	reason TEXT NOT NULL, 
	initials VARCHAR(32) NOT NULL, 
	user_mail TEXT, 
	decided_at VARCHAR(32) NOT NULL, 
	run_id INTEGER, 
	item_id INTEGER, 
	is_blinded BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "decisions" VALUES(1,'15c27816b41541594fbf35e58a55903a5aa8c567269a4411514fd380f06770b5','image','abababababababababababababababababababababababababababababababab','agree','ALL','typical Auer rods; see Müller''s note','ÄB','reader@lab.example','2026-11-25T02:18:51.448504+00:00',1,1,0);
INSERT INTO "decisions" VALUES(2,'15c27816b41541594fbf35e58a55903a5aa8c567269a4411514fd380f06770b5','image','abababababababababababababababababababababababababababababababab','override','AML','typical Auer rods; see Müller''s note','ÄB',NULL,'2026-11-25T02:18:51.464469+00:00',1,1,0);
INSERT INTO "decisions" VALUES(3,'15c27816b41541594fbf35e58a55903a5aa8c567269a4411514fd380f06770b5','image','abababababababababababababababababababababababababababababababab','undone',NULL,'','ÄB',NULL,'2026-11-25T02:18:51.481208+00:00',1,1,0);
INSERT INTO "decisions" VALUES(4,'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd','image','abababababababababababababababababababababababababababababababab','agree','ALL','typical Auer rods; see Müller''s note','ÄB',NULL,'2026-11-25T02:18:51.488049+00:00',NULL,NULL,0);
CREATE TABLE items (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	source TEXT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	image_sha256 VARCHAR(64), 
	label VARCHAR(16), 
	no_call_reason TEXT, 
	confidence FLOAT, 
	probabilities JSON, 
	branch_probabilities JSON, 
	branches_agree BOOLEAN, 
	quality JSON NOT NULL, 
	error TEXT, 
	mode VARCHAR(16) NOT NULL, 
	UNIQUE (run_id, position), 
	FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
);
INSERT INTO "items" VALUES(1,1,0,'image 0.png','file-0','done','15c27816b41541594fbf35e58a55903a5aa8c567269a4411514fd380f06770b5','ALL',NULL,0.93,'{"ALL": 0.93, "AML": 0.05, "Healthy": 0.02}','{"efficientnet_lite2": {"ALL": 0.8, "AML": 0.1, "Healthy": 0.1}, "mobilenetv3large": {"ALL": 0.6, "AML": 0.3, "Healthy": 0.1}}',1,'[]',NULL,'whole');
INSERT INTO "items" VALUES(2,1,1,'image 1.png','file-1','done','c2bb3ccfff6a5dec63bfc98b37438bd1cbf44fb16376761c797302e8392207aa','ALL',NULL,0.93,'{"ALL": 0.93, "AML": 0.05, "Healthy": 0.02}','{"efficientnet_lite2": {"ALL": 0.8, "AML": 0.1, "Healthy": 0.1}, "mobilenetv3large": {"ALL": 0.6, "AML": 0.3, "Healthy": 0.1}}',1,'[]',NULL,'whole');
INSERT INTO "items" VALUES(3,1,2,'image 2.png','file-2','unreadable',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'[]','This file is not an image; save it as PNG.','');
INSERT INTO "items" VALUES(4,1,3,'image 3.png','file-3','done','97699a2532d13b683a17e446d016e7a140cfb5b1ee3345b2b6eaf216af5c1ce6','ALL',NULL,0.93,'{"ALL": 0.93, "AML": 0.05, "Healthy": 0.02}','{"efficientnet_lite2": {"ALL": 0.8, "AML": 0.1, "Healthy": 0.1}, "mobilenetv3large": {"ALL": 0.6, "AML": 0.3, "Healthy": 0.1}}',1,'[]',NULL,'whole');
INSERT INTO "items" VALUES(7,3,0,'image 0.png','file-0','done','15c27816b41541594fbf35e58a55903a5aa8c567269a4411514fd380f06770b5','ALL',NULL,0.93,'{"ALL": 0.93, "AML": 0.05, "Healthy": 0.02}','{"efficientnet_lite2": {"ALL": 0.8, "AML": 0.1, "Healthy": 0.1}, "mobilenetv3large": {"ALL": 0.6, "AML": 0.3, "Healthy": 0.1}}',1,'[]',NULL,'whole');
INSERT INTO "items" VALUES(8,3,1,'image 1.png','file-1','done','c2bb3ccfff6a5dec63bfc98b37438bd1cbf44fb16376761c797302e8392207aa','ALL',NULL,0.93,'{"ALL": 0.93, "AML": 0.05, "Healthy": 0.02}','{"efficientnet_lite2": {"ALL": 0.8, "AML": 0.1, "Healthy": 0.1}, "mobilenetv3large": {"ALL": 0.6, "AML": 0.3, "Healthy": 0.1}}',1,'[]',NULL,'whole');
INSERT INTO "items" VALUES(9,3,2,'image 2.png','file-2','waiting',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'[]',NULL,'');
INSERT INTO "items" VALUES(10,3,3,'image 3.png','file-3','waiting',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'[]',NULL,'');
CREATE TABLE runs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	bundle_sha256 VARCHAR(64) NOT NULL, 
	software_version VARCHAR(32) NOT NULL
);
INSERT INTO "runs" VALUES(1,'ward 3','finished','2026-11-25T02:18:51.248435+00:00','abababababababababababababababababababababababababababababababab','0.1.0');
INSERT INTO "runs" VALUES(3,'ward 4','paused','2026-11-25T02:18:51.388236+00:00','abababababababababababababababababababababababababababababababab','0.1.0');
CREATE INDEX decisions_of_image ON decisions (image_sha256);
CREATE INDEX decisions_of_run ON decisions (run_id);
CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions can only be added to'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions can only be added to'); END;
CREATE TRIGGER audit_trail_no_update BEFORE UPDATE ON audit_trail BEGIN SELECT RAISE(ABORT, 'audit_trail can only be added to'); END;
CREATE TRIGGER audit_trail_no_delete BEFORE DELETE ON audit_trail BEGIN SELECT RAISE(ABORT, 'audit_trail can only be added to'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runs',3);
INSERT INTO "sqlite_sequence" VALUES('items',10);
COMMIT;
