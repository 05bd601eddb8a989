from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('realtime', '0004_presence'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='exclude',
            field=models.CharField(help_text='The socket that does not get it.', max_length=200, null=True),
        ),
    ]
