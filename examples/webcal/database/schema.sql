-- The calendar's tables. Everything is recreated whenever the database is seeded anew.
SET NAMES utf8mb4;

CREATE TABLE users (
  id SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
  login VARCHAR(30) NOT NULL UNIQUE,
  full_name VARCHAR(60) NOT NULL,
  password_hash VARCHAR(255) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE categories (
  id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
  name VARCHAR(30) NOT NULL,
  colour CHAR(7) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE entries (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  owner SMALLINT UNSIGNED NOT NULL,
  category TINYINT UNSIGNED NOT NULL,
  title VARCHAR(80) NOT NULL,
  description VARCHAR(500) NOT NULL,
  starts_at DATETIME NOT NULL,
  ends_at DATETIME NOT NULL,
  is_public BOOLEAN NOT NULL DEFAULT TRUE,
  KEY by_start (starts_at),
  KEY by_owner (owner, starts_at),
  FOREIGN KEY (owner) REFERENCES users (id),
  FOREIGN KEY (category) REFERENCES categories (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE participants (
  entry INT UNSIGNED NOT NULL,
  user SMALLINT UNSIGNED NOT NULL,
  status ENUM('accepted', 'declined', 'waiting') NOT NULL,
  PRIMARY KEY (entry, user),
  FOREIGN KEY (entry) REFERENCES entries (id) ON DELETE CASCADE,
  FOREIGN KEY (user) REFERENCES users (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- An entry that comes again every so many days, weeks or months, to the last day inclusive.
CREATE TABLE repeats (
  entry INT UNSIGNED NOT NULL PRIMARY KEY,
  unit ENUM('day', 'week', 'month') NOT NULL,
  every TINYINT UNSIGNED NOT NULL,
  last_day DATE NOT NULL,
  FOREIGN KEY (entry) REFERENCES entries (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
