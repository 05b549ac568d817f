def test_first_migrations_are_written_in_the_order_in_which_apps_refer_to_each_other(project) -> None:
    assert project.run("makemigrations", "--check", status=1) == [
        "stock: models have changed",
        "shop: models have changed",
    ]
    assert (project.files("stock"), project.files("shop")) == ([], [])
    project.run("makemigrations")
    assert project.files("stock") == ["stock_0001_initial.py"]
    text = (project.folder / "shop/migrations/shop_0001_initial.py").read_text()
    assert "depends_on = 'stock_0001'" in text
    assert "branch_labels = ('shop',)" in text
    assert "from penstock.web.db import UTCDateTime\n" in text


def test_models_that_the_database_has_need_no_migration(migrated) -> None:
    assert migrated.run("makemigrations") == ["no changes"]
    assert migrated.run("makemigrations", "--check") == []


def test_change_of_a_model_is_written_behind_the_last_migration(migrated, query) -> None:
    migrated.append("stock/models.py", "    colour: Mapped[str | None]\n")
    migrated.run("makemigrations", "stock", "-m", "give items a colour")
    assert migrated.files("stock")[-1] == "stock_0002_give_items_a_colour.py"
    assert (
        "down_revision = 'stock_0001'"
        in (migrated.folder / "stock/migrations" / migrated.files("stock")[-1]).read_text()
    )
    migrated.run("migrate")
    assert "colour" in query("SELECT sql FROM sqlite_master WHERE name = 'stock_item'")[0][0]
    assert migrated.run("makemigrations") == ["no changes"]


def test_database_that_lacks_migrations_is_not_compared(project) -> None:
    project.run("makemigrations")
    (said,) = project.run("makemigrations", status=1)
    assert "has not the migrations ['stock_0001', 'shop_0001']; expected `penstock migrate`" in said


def test_table_of_nobody_is_left_alone(migrated, query) -> None:
    query("CREATE TABLE stranger (a)")
    assert migrated.run("makemigrations") == ["no changes"]


def test_empty_migration_is_there_to_be_filled_in(migrated) -> None:
    migrated.run("makemigrations", "stock", "--empty", "-m", "fill names")
    text = (migrated.folder / "stock/migrations/stock_0002_fill_names.py").read_text()
    assert text.count("    pass\n") == 2
    assert migrated.run("migrate") == ["+ stock_0002", "1 migration"]


def test_table_without_a_model_belongs_where_it_refers_to(migrated) -> None:
    migrated.append(
        "stock/models.py",
        'sa.Table("item_tag", db.Model.metadata, sa.Column("item", sa.ForeignKey("stock_item.id")))\n',
    )
    assert migrated.run("makemigrations", "--check", status=1) == ["stock: models have changed"]
